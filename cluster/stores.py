"""Sinks of reflectors: what is kept of the objects of each kind."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from cluster.account import Account
from cluster.custom_objects import CustomObject, InvalidObject
from cluster.objects import Namespace
from cluster.observers import Observer
from placement.inventory import NodeInventory
from placement.pods import Pod

V = TypeVar("V")


class NodeStore:
    """Nodes go to the account."""

    def __init__(self, account: Account, observer: Observer) -> None:
        self._account = account
        self._observer = observer

    def apply(self, seen: NodeInventory) -> None:
        """Take in a node."""
        if self._account.apply_node(seen):
            self._observer.on_change(seen.name)

    def remove(self, seen: NodeInventory) -> None:
        """Drop a node."""
        self._account.remove_node(seen.name)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the nodes of other names."""
        self._account.retain_nodes(keys)


class PodStore:
    """Pods go to the account; who watches is told what became of them."""

    def __init__(self, account: Account, observer: Observer) -> None:
        self._account = account
        self._observer = observer
        self._is_listed = False

    def apply(self, seen: Pod) -> None:
        """Take in a pod."""
        before = self._account.node_of(seen.uid)
        self._account.apply_pod(seen)
        after = self._account.node_of(seen.uid)
        if before and before != after:
            self._observer.on_change(before)
        if after and not before and self._is_listed:
            self._observer.on_bound(seen)
        if seen.is_unschedulable and not (seen.node or seen.is_terminating or seen.is_finished):
            self._observer.on_waiting(seen)

    def remove(self, seen: Pod) -> None:
        """Drop a pod."""
        node = self._account.node_of(seen.uid)
        self._account.remove_pod(seen.uid)
        if node:
            self._observer.on_change(node)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the pods of other uids."""
        for node in self._account.retain_pods(keys):
            self._observer.on_change(node)
        self._is_listed = True


class NamespaceStore:
    """Labels of namespaces by name."""

    def __init__(self) -> None:
        self.namespaces: dict[str, Namespace] = {}

    def apply(self, seen: Namespace) -> None:
        """Take in a namespace."""
        self.namespaces[seen.name] = seen

    def remove(self, seen: Namespace) -> None:
        """Drop a namespace."""
        self.namespaces.pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the namespaces of other names."""
        self.namespaces = {name: each for name, each in self.namespaces.items() if name in keys}


class CustomStore(Generic[V]):
    """Custom objects by name: the values of the valid ones, the problems of the others.

    `changed` is called after values or problems have become others.
    """

    def __init__(self, parse: Callable[[bytes], V], changed: Callable[[], None]) -> None:
        self.values: dict[str, V] = {}
        self.problems: dict[str, tuple[str, ...]] = {}
        self._parse = parse
        self._changed = changed

    def apply(self, seen: CustomObject) -> None:
        """Take in an object."""
        name = seen.name
        before = self._judged(name)
        self._forget(name)
        try:
            self.values[name] = self._parse(seen.raw)
        except InvalidObject as error:
            self.problems[name] = error.problems
        if self._judged(name) != before:
            self._changed()

    def remove(self, seen: CustomObject) -> None:
        """Drop an object."""
        self._forget(seen.name)
        self._changed()

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the objects of other names."""
        gone = (self.values.keys() | self.problems.keys()) - keys
        for name in gone:
            self._forget(name)
        if gone:
            self._changed()

    def _judged(self, name: str) -> tuple[V | None, tuple[str, ...] | None]:
        return self.values.get(name), self.problems.get(name)

    def _forget(self, name: str) -> None:
        self.values.pop(name, None)
        self.problems.pop(name, None)

"""Sinks of reflectors: what is kept of the objects of each kind."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from cluster.account import Account
from cluster.allowance_shapes import Placed
from cluster.custom_objects import CustomObject, Judged
from cluster.objects import Namespace
from cluster.observers import Observer
from cluster.roster import PodRoster
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
    """Pods go to the account and the roster; who watches is told what became of them."""

    def __init__(self, account: Account, roster: PodRoster, observer: Observer) -> None:
        self._account = account
        self._roster = roster
        self._observer = observer
        self._is_listed = False
        self._in_flight: AbstractSet[str] = frozenset()

    def begin_list(self) -> None:
        """Note which pods are in flight, and therefore older than the list."""
        self._in_flight = frozenset(self._account.assumed)

    def apply(self, seen: Pod) -> None:
        """Take in a pod."""
        was_bound, before = self._account.node_of(seen.uid) is not None, self._account.place_of(seen.uid)
        self._account.apply_pod(seen)
        self._roster.apply(seen)
        if before and before != self._account.place_of(seen.uid):
            self._observer.on_change(before)
        is_bound = self._account.node_of(seen.uid) is not None
        if was_bound and not is_bound:
            self._observer.on_left(seen)
        if is_bound and not was_bound:
            self._observer.on_held(seen)
            if self._is_listed:
                self._observer.on_bound(seen)
        if seen.failure and seen.node:
            self._observer.on_failed(seen)
        elif seen.is_running:
            self._observer.on_running(seen)
        if seen.is_unschedulable and not (seen.node or seen.is_terminating or seen.is_finished):
            self._observer.on_waiting(seen)

    def remove(self, seen: Pod) -> None:
        """Drop a pod."""
        was_bound, node = self._account.node_of(seen.uid) is not None, self._account.place_of(seen.uid)
        self._account.remove_pod(seen.uid)
        self._roster.remove(seen.uid)
        if was_bound:
            self._observer.on_left(seen)
        if node:
            self._observer.on_change(node)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the pods of other uids, except those in flight only since the list began: they may be younger than it.

        The watch begins where the list stood, and tells of those. That dropped pods left is told to nobody, because
        nothing is known of them but their uids.
        """
        self._roster.retain(keys)
        came = self._account.assumed.keys() - self._in_flight
        for node in self._account.retain_pods(keys | came):
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
    """Custom objects by key: the values of those that say something, the problems of those that say something wrong.

    `changed` is called after values or problems have become others; once for a whole list.
    """

    def __init__(self, judge: Callable[[bytes], Judged[V]], changed: Callable[[], None]) -> None:
        self.values: dict[str, V] = {}
        self.problems: dict[str, tuple[str, ...]] = {}
        self._judge = judge
        self._changed = changed
        self._is_listing = False
        self._is_untold = False

    def begin_list(self) -> None:
        """Tell nobody of a part of a list: with each class, all nodes are judged anew."""
        self._is_listing = True

    def apply(self, seen: CustomObject) -> None:
        """Take in an object."""
        before, after = self._known(seen.key), self._judge(seen.raw)
        if after != before:
            self._forget(seen.key)
            self._keep(seen.key, after)
            self._tell()

    def remove(self, seen: CustomObject) -> None:
        """Drop an object."""
        self._forget(seen.key)
        self._tell()

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the objects of other keys."""
        gone = (self.values.keys() | self.problems.keys()) - keys
        for key in gone:
            self._forget(key)
        self._is_listing = False
        if gone or self._is_untold:
            self._tell()

    def _tell(self) -> None:
        self._is_untold = self._is_listing
        if not self._is_listing:
            self._changed()

    def _known(self, key: str) -> Judged[V]:
        return Judged(self.values.get(key), self.problems.get(key, ()))

    def _keep(self, key: str, judged: Judged[V]) -> None:
        if judged.value is not None:
            self.values[key] = judged.value
        if judged.problems:
            self.problems[key] = judged.problems

    def _forget(self, key: str) -> None:
        self.values.pop(key, None)
        self.problems.pop(key, None)


class PlacedStore(Generic[V]):
    """Values of namespaces: by namespace, then by name."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, V]] = {}

    def of(self, namespace: str) -> tuple[V, ...]:
        """Return what counts in a namespace, by name."""
        return tuple(value for _, value in sorted(self._values.get(namespace, {}).items()))

    def apply(self, seen: Placed[V]) -> None:
        """Take in a value."""
        self._values.setdefault(seen.namespace, {})[seen.name] = seen.value

    def remove(self, seen: Placed[V]) -> None:
        """Drop a value."""
        self._values.get(seen.namespace, {}).pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop the values of other keys."""
        self._values = {
            namespace: {name: value for name, value in values.items() if f"{namespace}/{name}" in keys}
            for namespace, values in self._values.items()
        }

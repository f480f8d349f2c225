"""What exists and what is held: a snapshot of nodes, never changed in place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from placement.keys import ZONE
from placement.persistent import PersistentMap
from placement.taints import Taint

Amounts = Mapping[str, int]

# A pod that holds devices, as an amount like any other that it holds of its node.
HOLDERS = "berth.ome.io/holders"


@dataclass(frozen=True, slots=True)
class NodeInventory:
    """One node: what it is, what it offers, what bound pods hold, and what is assumed for pods in flight.

    Amounts are integers per resource name: cpu in milli, memory in bytes, all others in units. `classes` are the
    accelerator classes that it carries, `offers` the resource names of these. `replicas` counts pods per owner.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    allocatable: Amounts = field(default_factory=dict)
    held: Amounts = field(default_factory=dict)
    assumed: Amounts = field(default_factory=dict)
    replicas: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    offers: frozenset[str] = frozenset()
    is_schedulable: bool = True
    is_ready: bool = True

    @property
    def zone(self) -> str:
        """Its zone, or its own name where no zone is known."""
        return self.labels.get(ZONE, self.name)

    def free(self, resource: str) -> int:
        """What no bound pod holds; below zero when somebody promised too much."""
        return self.allocatable.get(resource, 0) - self.held.get(resource, 0)

    def expected_free(self, resource: str) -> int:
        """What is free once every pod in flight is bound."""
        return self.free(resource) - self.assumed.get(resource, 0)

    def hold(self, hold: "Hold") -> "NodeInventory":
        """Return the node with the pod bound to it."""
        return replace(self, held=_plus(self.held, hold.amounts), replicas=_plus(self.replicas, hold.as_replica))

    def release(self, hold: "Hold") -> "NodeInventory":
        """Return the node without the pod: undoes hold."""
        return replace(self, held=_minus(self.held, hold.amounts), replicas=_minus(self.replicas, hold.as_replica))

    def assume(self, hold: "Hold") -> "NodeInventory":
        """Return the node with the pod in flight to it."""
        return replace(self, assumed=_plus(self.assumed, hold.amounts), replicas=_plus(self.replicas, hold.as_replica))

    def forget(self, hold: "Hold") -> "NodeInventory":
        """Return the node without the pod in flight: undoes assume."""
        return replace(
            self, assumed=_minus(self.assumed, hold.amounts), replicas=_minus(self.replicas, hold.as_replica)
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """What one pod takes on one node; its priority is known once it is bound."""

    node: str
    requests: Amounts
    owner: str = ""
    priority: int = 0

    @property
    def amounts(self) -> Amounts:
        """All that it takes, and itself where it holds devices."""
        return {**self.requests, HOLDERS: 1} if any("/" in name for name in self.requests) else self.requests

    @property
    def as_replica(self) -> Amounts:
        """The pod as one replica of its owner."""
        return {self.owner: 1} if self.owner else {}


@dataclass(frozen=True)
class Inventory:
    """All nodes by name.

    Where an account made it, `changes` names the nodes that became others with each of the last snapshots, the newest
    at the end: `serial` numbers the snapshots of one `origin`.
    """

    nodes: Mapping[str, NodeInventory] = field(default_factory=dict)
    origin: object = field(default=None, compare=False, repr=False)
    serial: int = field(default=0, compare=False, repr=False)
    changes: tuple[tuple[str, ...], ...] = field(default=(), compare=False, repr=False)

    def names_changed_since(self, before: "Inventory") -> Iterable[str]:
        """Return the names of the nodes that are others than they were, or may be."""
        steps = self.serial - before.serial
        if self.origin is not None and self.origin is before.origin and 0 <= steps <= len(self.changes):
            return dict.fromkeys(chain.from_iterable(self.changes[len(self.changes) - steps :]))
        names = dict.fromkeys([*before.nodes, *self.nodes])
        return [name for name in names if self.nodes.get(name) is not before.nodes.get(name)]

    def amended(self, nodes: Iterable[NodeInventory]) -> "Inventory":
        """Return the inventory as it were with these nodes, each in the place of the one of its name."""
        if isinstance(self.nodes, PersistentMap):
            return Inventory(self.nodes.amended(nodes))
        return Inventory({**self.nodes, **{each.name: each for each in nodes}})

    @cached_property
    def by_class(self) -> Mapping[str, tuple[NodeInventory, ...]]:
        """The nodes that carry each class."""
        carriers: dict[str, list[NodeInventory]] = {}
        for node in self.nodes.values():
            for name in node.classes:
                carriers.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in carriers.items()}


def add(total: dict[str, int], more: Amounts) -> None:
    """Add amounts to a total, in place."""
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def subtract(total: dict[str, int], less: Amounts) -> None:
    """Take amounts from a total, in place; what comes to nothing is left out."""
    for name, amount in less.items():
        left = total.get(name, 0) - amount
        if left:
            total[name] = left
        else:
            total.pop(name, None)


def _plus(held: Amounts, more: Amounts) -> Amounts:
    total = dict(held)
    add(total, more)
    return total


def _minus(held: Amounts, less: Amounts) -> Amounts:
    left = dict(held)
    subtract(left, less)
    return left

"""What exists and what is held: a snapshot of nodes, never changed in place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from placement.keys import ZONE
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
    """What one pod takes on one node."""

    node: str
    requests: Amounts
    owner: str = ""

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

    Where an account made it, `changed` names the nodes that are others than in the snapshot before: the one of the same
    `origin` whose `serial` is less by one.
    """

    nodes: Mapping[str, NodeInventory] = field(default_factory=dict)
    origin: object = field(default=None, compare=False, repr=False)
    serial: int = field(default=0, compare=False, repr=False)
    changed: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def names_changed_since(self, before: "Inventory") -> Iterable[str]:
        """Return the names of the nodes that are others than they were."""
        if self.origin is not None and self.origin is before.origin and self.serial == before.serial + 1:
            return self.changed
        names = dict.fromkeys([*before.nodes, *self.nodes])
        return [name for name in names if self.nodes.get(name) is not before.nodes.get(name)]

    @cached_property
    def by_class(self) -> Mapping[str, tuple[NodeInventory, ...]]:
        """The nodes that carry each class."""
        carriers: dict[str, list[NodeInventory]] = {}
        for node in self.nodes.values():
            for name in node.classes:
                carriers.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in carriers.items()}


def _plus(held: Amounts, more: Amounts) -> Amounts:
    return {**held, **{name: held.get(name, 0) + amount for name, amount in more.items()}}


def _minus(held: Amounts, less: Amounts) -> Amounts:
    left = {**held, **{name: held.get(name, 0) - amount for name, amount in less.items()}}
    return {name: amount for name, amount in left.items() if amount}

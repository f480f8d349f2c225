"""Pools: the nodes of an inventory that offer one resource, as a fleet, kept in step with the inventory."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from placement.devices import is_device
from placement.inventory import HOLDERS, Inventory, NodeInventory
from placement.quantities import CPU, MEMORY
from placement.requirements import Requirements
from placement.scheduling.arrays import Flags, Ints, Rows
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.tasks import WHOLE, Task
from placement.shares import (
    PER_DEVICE,
    SHARES,
    device_count,
    divided,
    gives_whole_devices,
    left_by_device,
)

MIB = 2**20

# Beyond this an amount is a mistake of who wrote it, and would overflow the arithmetic of arrays.
_MOST = 2**40

# What cannot be divided asks for so many devices, which fit nowhere.
UNDIVIDED = _MOST


def is_accelerator(resource: str, node: NodeInventory) -> bool:
    """Tell whether a resource of a node is an accelerator: some class says so, or its vendor's plugin is known."""
    return resource == SHARES or resource in node.offers or is_device(resource)


def accelerators_of(node: NodeInventory) -> tuple[str, ...]:
    """Return the accelerator resources that a node offers, by name."""
    return tuple(sorted(name for name, count in node.allocatable.items() if count > 0 and is_accelerator(name, node)))


def is_open(node: NodeInventory) -> bool:
    """Tell whether pods can be scheduled on a node, those apart that tolerate everything."""
    return node.is_schedulable and node.is_ready


def state_of(node: NodeInventory, resource: str) -> NodeState:
    """Return what is left of a node and its devices, pods in flight counted; nothing where no pod can be scheduled."""
    takes_pods = is_open(node)
    cpu, memory = (bounded(each) * takes_pods for each in (node.expected_free(CPU), node.expected_free(MEMORY) // MIB))
    holders = node.held.get(HOLDERS, 0) + node.assumed.get(HOLDERS, 0)
    if resource == SHARES:
        left = left_by_device(node) if takes_pods else (0,) * device_count(node)
        return NodeState(node.name, cpu, memory, left, (1,) * len(left), WHOLE * len(left), node.classes, holders)
    idle, capacity = bounded(node.expected_free(resource)) * takes_pods, bounded(node.allocatable.get(resource, 0))
    return NodeState(node.name, cpu, memory, (WHOLE,), (idle,), WHOLE * capacity, node.classes, holders)


def bounded(amount: int) -> int:
    """Return an amount that arrays can hold, and sums of it."""
    return min(max(amount, -_MOST), _MOST)


@dataclass
class Pool:
    """The nodes that offer a resource, in the order of their names; `rows` tells where in the fleet each stands.

    Of each node `unbound` is what no bound pod holds and `total` what there is, in units of the resource; `total` of
    shares counts devices. `is_mixed` tells where somebody gives devices away as a whole beside shares. `judged` are the
    `rows` of nodes that can be judged here: of shares those that take pods, because of others nothing seems to be left;
    `comings_and_goings` counts how often they became others.
    """

    resource: str
    nodes: list[NodeInventory]
    fleet: Fleet
    rows: Mapping[str, int]
    unbound: Ints
    total: Ints
    is_mixed: Flags
    judged: dict[str, int] = field(default_factory=dict)
    comings_and_goings: int = 0
    _examples: dict[int, NodeInventory] | None = None

    @property
    def example(self) -> Mapping[int, NodeInventory]:
        """The last node of each kind, for what it is and not for what is left of it."""
        if self._examples is None:
            self._examples = {int(kind): node for kind, node in zip(self.fleet.kind, self.nodes, strict=True)}
        return self._examples

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """What each node has when nothing is taken of it: cpu in milli, and devices."""
        per_device = PER_DEVICE if self.resource == SHARES else 1
        return [
            (bounded(node.allocatable.get(CPU, 0)), bounded(node.allocatable[self.resource]) // per_device)
            for node in self.nodes
        ]

    def put(self, node: NodeInventory) -> None:
        """Take in a node that has changed."""
        row = self.rows[node.name]
        was, self.nodes[row] = self.nodes[row], node
        is_same = (was.is_schedulable, was.is_ready) == (node.is_schedulable, node.is_ready)
        self.fleet.put(row, state_of(node, self.resource), is_other=not is_same)
        self.note(row, node)
        if (was.labels, was.classes) != (node.labels, node.classes):
            self._examples = None

    def task_of(self, asked: Requirements) -> Task:
        """Return what a pod asks of this resource's nodes."""
        amount, cpu = (bounded(each) for each in (asked.accelerators.get(self.resource, 0), asked.requests.get(CPU, 0)))
        devices, milli = amount, WHOLE
        if amount and self.resource == SHARES:
            devices, milli = divided(amount) or (UNDIVIDED, WHOLE)
        return Task(cpu, devices, milli, self._classes(asked))

    def fits(self, task: Task) -> Flags:
        """Tell which nodes have the devices: bound pods alone count against whole ones, all against shares."""
        if self.fleet.is_divisible:
            return self.fleet.holds(task)
        enough: Flags = (self.unbound >= task.devices) | (task.devices == 0)
        return enough

    def fits_on(self, task: Task, rows: Rows) -> Flags:
        """Tell which of the rows have the devices."""
        if self.fleet.is_divisible:
            return self.fleet.holds_on(task, rows)
        enough: Flags = self.unbound[rows] >= task.devices
        return enough

    def is_free(self, task: Task, memory: int, rows: Rows) -> Flags:
        """Tell which of the rows that fit will do once every pod in flight is bound; `memory` is in MiB."""
        fleet = self.fleet
        enough: Flags = (fleet.cpu[rows] >= task.cpu) & (fleet.memory[rows] >= memory)
        return enough if fleet.is_divisible else enough & (fleet.idle[rows] >= task.asked)

    def takes(self, task: Task, memory: int, row: int) -> bool:
        """Tell whether a node fits, and will do once every pod in flight is bound."""
        fleet = self.fleet
        if fleet.cpu[row] < task.cpu or fleet.memory[row] < memory:
            return False
        if fleet.is_divisible:
            enough: list[bool] = (fleet.left[row] >= task.milli).tolist()
            return sum(enough) >= task.devices
        return min(int(self.unbound[row]), int(fleet.count[row, 0])) >= task.devices

    def place_of(self, row: int, *, by_zone: bool) -> str:
        """Return the name of a node, or its zone."""
        node = self.nodes[row]
        return node.zone if by_zone else node.name

    def values_of(self, counts: Mapping[str, int], *, by_zone: bool) -> Ints:
        """Return counts of nodes, or of zones, for each node."""
        if by_zone:
            return np.fromiter((counts.get(node.zone, 0) for node in self.nodes), np.int64, len(self.nodes))
        values = np.zeros(len(self.nodes), np.int64)
        for name, count in counts.items():
            if name in self.rows:
                values[self.rows[name]] = count
        return values

    def note(self, row: int, node: NodeInventory) -> None:
        """Take in what bound pods leave of a node, and what there is."""
        is_shared = self.resource == SHARES
        if is_shared and not is_open(node):
            self.comings_and_goings += self.judged.pop(node.name, None) is not None
        elif node.name not in self.judged:
            self.judged[node.name] = row
            self.comings_and_goings += 1
        self.unbound[row] = bounded(node.free(self.resource))
        self.total[row] = device_count(node) if is_shared else bounded(node.allocatable[self.resource])
        self.is_mixed[row] = is_shared and gives_whole_devices(node)

    def _classes(self, asked: Requirements) -> tuple[str, ...]:
        """Return the classes to which the pod's selection limits it: those of no node that it refuses; () for any."""
        if asked.selection.is_everywhere or len(self.example) < 2:  # noqa: PLR2004
            return ()
        admitted, refused = set[tuple[str, ...]](), set[str]()
        for node in self.example.values():
            if asked.selection.admits(node.labels, node.name):
                admitted.add(node.classes)
            else:
                refused.update(node.classes)
        if not refused:
            return ()
        kinds = [[name for name in kind if name not in refused] or kind for kind in admitted]
        return tuple(sorted({name for kind in kinds for name in kind}))


def pool_of(resource: str, nodes: Iterable[NodeInventory]) -> Pool:
    """Return the pool of a resource."""
    offering = sorted((node for node in nodes if resource in node.allocatable), key=lambda node: node.name)
    fleet = fleet_of([state_of(node, resource) for node in offering], is_divisible=resource == SHARES)
    rows = {node.name: row for row, node in enumerate(offering)}
    unbound, total = (np.zeros(len(offering), np.int64) for _ in range(2))
    pool = Pool(resource, offering, fleet, rows, unbound, total, np.zeros(len(offering), np.bool_))
    for row, node in enumerate(offering):
        pool.note(row, node)
    return pool


@dataclass
class Pools:
    """The pools of an inventory, made when asked for.

    `offered` has the accelerator resources of each node that has any.
    """

    offered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _inventory: Inventory = field(default_factory=Inventory)
    _pools: dict[str, Pool] = field(default_factory=dict)
    _replicas: dict[str, dict[str, int]] = field(default_factory=dict)

    def is_at(self, inventory: Inventory) -> bool:
        """Tell whether this is the inventory that was followed last."""
        return inventory is self._inventory

    def follow(self, inventory: Inventory) -> None:
        """Take in what has changed since the inventory before."""
        if inventory is self._inventory:
            return
        before, self._inventory = self._inventory, inventory
        for name in inventory.names_changed_since(before):
            was, node = before.nodes.get(name), inventory.nodes.get(name)
            if node:
                self._take_in(was or NodeInventory(name), node)
            elif was:
                self._leave(was)

    @property
    def resources(self) -> tuple[str, ...]:
        """The accelerator resources that some node offers."""
        return tuple(sorted({name for offered in self.offered.values() for name in offered}))

    def of(self, resource: str) -> Pool:
        """Return the pool of a resource."""
        if resource not in self._pools:
            self._pools[resource] = pool_of(resource, self._inventory.nodes.values())
        return self._pools[resource]

    def replicas(self, owner: str, *, by_zone: bool) -> Mapping[str, int]:
        """Return how many replicas of the owner each node has, or each zone, where there are any."""
        by_node = self._replicas.get(owner, {})
        if not by_zone:
            return by_node
        zones: Counter[str] = Counter()
        for name, count in by_node.items():
            zones[self._inventory.nodes[name].zone] += count
        return zones

    def _take_in(self, was: NodeInventory, node: NodeInventory) -> None:
        self._count_replicas(was, node)
        offered = accelerators_of(node)
        if offered:
            self.offered[node.name] = offered
        else:
            self.offered.pop(node.name, None)
        shape = was.allocatable.keys() ^ node.allocatable.keys()
        self._drop({*shape, SHARES} if device_count(was) != device_count(node) else shape)
        for resource in node.allocatable.keys() & self._pools.keys():
            self._pools[resource].put(node)

    def _leave(self, node: NodeInventory) -> None:
        self._count_replicas(node, NodeInventory(node.name))
        self.offered.pop(node.name, None)
        self._drop(node.allocatable)

    def _count_replicas(self, was: NodeInventory, node: NodeInventory) -> None:
        if was.replicas == node.replicas:
            return
        for owner in was.replicas.keys() - node.replicas.keys():
            del self._replicas[owner][node.name]
            if not self._replicas[owner]:
                del self._replicas[owner]
        for owner, count in node.replicas.items():
            self._replicas.setdefault(owner, {})[node.name] = count

    def _drop(self, resources: Iterable[str]) -> None:
        for resource in resources:
            self._pools.pop(resource, None)

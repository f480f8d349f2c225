"""How many nodes and accelerators a class has, and how many are free: a view on the one account of nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import lcm

from placement.accelerators import AcceleratorClass, DeviceResource
from placement.inventory import NodeInventory
from placement.shares import PER_DEVICE, SHARES, device_count, left_by_device
from placement.taints import untolerated


class Standing(StrEnum):
    """Whether pods of a class can be put on a node, and if not, why: the first of the reasons that is true.

    What is cordoned is so on purpose, whatever else is true of it; and nodes that are cordoned or not ready are tainted
    for it, which says nothing new. Taints that the class tolerates do not count.
    """

    CORDONED = "cordoned"
    NOT_READY = "not_ready"
    TAINTED = "tainted"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class NodeCount:
    """What one node adds to a class: its accelerators, and those that no pod holds, bound or in flight."""

    standing: Standing
    total: int
    free: int

    @property
    def available(self) -> int:
        """The accelerators that a pod can have."""
        return self.free if self.standing is Standing.AVAILABLE else 0


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """What the nodes of a class add up to: `nodes` by standing, `names` of the first available ones, in order.

    `total` and `held` are accelerators of all nodes, `available` those that are free where pods can be put. Classes
    overlap on nodes, so these are never added over classes.
    """

    names: tuple[str, ...]
    nodes: Mapping[Standing, int]
    total: int
    held: int
    available: int


def node_count(node: NodeInventory, carried: AcceleratorClass) -> NodeCount:
    """Return what a node that carries a class adds to it; one whose devices are not advertised (yet) adds none."""
    return NodeCount(_standing(node, carried), *_accelerators(node, carried))


def _standing(node: NodeInventory, carried: AcceleratorClass) -> Standing:
    if not node.is_schedulable:
        return Standing.CORDONED
    if not node.is_ready:
        return Standing.NOT_READY
    return Standing.TAINTED if untolerated(node.taints, carried.tolerations) else Standing.AVAILABLE


def _accelerators(node: NodeInventory, carried: AcceleratorClass) -> tuple[int, int]:
    """Return how many accelerators a node has, and how many of them are free.

    A node offers whole devices or shares of them, and any class may be had in shares: a device of which some pod holds
    a share is not free.
    """
    total, free = _counted(node, _countable(carried))
    if total:
        return total, free
    return device_count(node), sum(left == PER_DEVICE for left in left_by_device(node))


def _countable(carried: AcceleratorClass) -> tuple[DeviceResource, ...]:
    """Return what counts accelerators of a class: whole ones, and parts where it has nothing else."""
    named = tuple(each for each in carried.resources if each.name != SHARES)
    return tuple(each for each in named if not each.divisible) or named


def _counted(node: NodeInventory, resources: tuple[DeviceResource, ...]) -> tuple[int, int]:
    """Return how many accelerators a node has under alternative names, and how many of them are free.

    Names of whole accelerators are those of the same devices (neuron, neurondevice): there are as many as the name says
    that says most, and what pods hold under any name is held of them. Parts under different names are different parts,
    which are added; what makes no whole accelerator is left out.
    """
    unit = lcm(*(each.quantity for each in resources))  # so many make one accelerator in each of the names
    worth = {each.name: unit // each.quantity for each in resources}
    offered = [max(node.allocatable.get(name, 0), 0) * each for name, each in worth.items()]
    held = sum((node.allocatable.get(name, 0) - node.expected_free(name)) * each for name, each in worth.items())
    total = sum(offered) if all(each.divisible for each in resources) else max(offered)
    return total // unit, max(total - held, 0) // unit

"""Room: what is free of each kind of accelerator on nodes of each size."""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from placement.inventory import Inventory, NodeInventory
from placement.scheduling.pools import accelerators_of
from placement.shares import PER_DEVICE, SHARES, left_by_device


class Room(msgspec.Struct, frozen=True, rename="camel"):
    """Nodes that offer so many of one kind of accelerator: how many are free in all, and the most on one of them.

    In accelerators; shares count as parts of one. Cordoned nodes and those that are not ready count too.
    """

    resource: str
    size: float
    nodes: int
    free: float
    largest: float


def rooms(inventory: Inventory) -> tuple[Room, ...]:
    """Return the room of each kind of accelerator and size of node, in order."""
    free: defaultdict[tuple[str, float], list[float]] = defaultdict(list)
    for node in inventory.nodes.values():
        for resource, size, left in _offers(node):
            free[resource, size].append(left)
    return tuple(
        Room(resource, size, len(each), round(sum(each), 3), max(each))
        for (resource, size), each in sorted(free.items())
    )


def _offers(node: NodeInventory) -> Iterator[tuple[str, float, float]]:
    for resource in accelerators_of(node):
        if resource == SHARES:
            left = left_by_device(node)
            yield resource, len(left), sum(max(each, 0) for each in left) / PER_DEVICE
        else:
            yield resource, node.allocatable[resource], max(node.free(resource), 0)

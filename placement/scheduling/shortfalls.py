"""Shortfalls: what a pod lacks on nodes that could have enough of it, and which of them come nearest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from placement.inventory import Amounts, Inventory, NodeInventory
from placement.quantities import CPU, GIB, MEMORY
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements
from placement.shares import PER_DEVICE, SHARES, device_count, divided, left_by_device

_IN_BYTES = frozenset({MEMORY, "ephemeral-storage"})


class Shortfall(NamedTuple):
    """What is missing of a resource, as amounts of it; `free` is the most that a pod of this shape could have there.

    Of a share that is what one device has left, and `total` a whole device.
    """

    missing: int
    asked: int
    free: int
    total: int
    resource: str

    @property
    def is_of_one_device(self) -> bool:
        """Whether it is about what one device has left."""
        return self.resource == SHARES and self.total == PER_DEVICE

    def __str__(self) -> str:
        unit = _unit(self.resource)
        of = f"{_number(self.resource, self.free)} of {_number(self.resource, self.total)}{unit} {self.resource} free"
        return f"{of} on one device" if self.is_of_one_device else of

    @property
    def cure(self) -> str:
        """What would fit if how much more were freed."""
        asked, missing = (_number(self.resource, amount) for amount in (self.asked, self.missing))
        return f"{asked}{_unit(self.resource)} would fit if {missing}{_unit(self.resource)} more were free there"


class Near(NamedTuple):
    """A node that has the right hardware, why it will not do, and what it lacks."""

    node: str
    reason: str
    shortfalls: tuple[Shortfall, ...]


def shortfall(asked: Requirements, node: NodeInventory, resource: str) -> Shortfall | None:
    """Return what is missing of a resource on a node; None where it has enough, or never could."""
    count = asked.requests.get(resource, 0)
    if resource not in node.allocatable:
        return None
    free, total = _shares(node, count) if resource == SHARES else (node.free(resource), node.allocatable[resource])
    if not free < count <= total:
        return None
    return Shortfall(count - max(free, 0), count, max(free, 0), total, resource)


def freed(node: NodeInventory, resource: str) -> NodeInventory:
    """Return the node with nothing of the resource held."""
    return replace(node, held=_without(node.held, resource), assumed=_without(node.assumed, resource))


def nearest(asked: Requirements, rejections: Sequence[Rejection], inventory: Inventory, limit: int) -> tuple[Near, ...]:
    """Return the rejected nodes of the right hardware, the one that lacks the fewest accelerators first."""
    found: list[tuple[int, Near]] = []
    for each in rejections:
        node = inventory.nodes.get(each.subject)
        if node and each.cause is Cause.EXHAUSTED:
            short = tuple(filter(None, (shortfall(asked, node, name) for name in sorted(asked.requests))))
            lacks = sum(one.missing for one in short if one.resource in asked.accelerators)
            found.append((lacks, Near(node.name, each.reason, short)))
    return tuple(near for _, near in sorted(found, key=lambda each: (each[0], each[1].node))[:limit])


def amount_text(resource: str, amount: int) -> str:
    """Return an amount as its author would write it, with the name of its resource."""
    return f"{_number(resource, amount)}{_unit(resource)} {resource}"


def _shares(node: NodeInventory, amount: int) -> tuple[int, int]:
    """Return the most that a pod could have in place of the amount, and that of an idle node."""
    left = left_by_device(node)
    most = max(left, default=0)
    parts = divided(amount)
    if parts is None or parts[0] == 1:
        return most, PER_DEVICE if left else 0
    idle = PER_DEVICE * sum(each == PER_DEVICE for each in left)
    return idle or most, PER_DEVICE * device_count(node)


def _without(held: Amounts, resource: str) -> Amounts:
    return {name: amount for name, amount in held.items() if name != resource and not name.startswith(f"{resource}/")}


def _number(resource: str, amount: int) -> str:
    if resource == CPU:
        return f"{amount / 1000:g}"
    return f"{amount / GIB:.2f}" if resource in _IN_BYTES else f"{amount}"


def _unit(resource: str) -> str:
    return "Gi" if resource in _IN_BYTES else ""

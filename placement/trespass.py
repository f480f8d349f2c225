"""Trespass: what more than one allocator has given away on a node, seen by what bound pods hold of it."""

from placement.devices import is_device
from placement.inventory import NodeInventory
from placement.shares import SHARES, gives_whole_devices, is_promised_twice


def trespassed(node: NodeInventory) -> tuple[str, ...]:
    """Return the accelerator resources of a node of which bound pods hold what cannot be: the node counts as full.

    What a node does not offer at all is left out: its devices are gone, and promised to nobody else.
    """
    names = sorted(name for name, count in node.allocatable.items() if count > 0)
    return tuple(name for name in names if _is_trespassed(node, name))


def _is_trespassed(node: NodeInventory, resource: str) -> bool:
    held = node.held.get(resource, 0)
    if resource == SHARES:
        return bool(held) and (is_promised_twice(node) or gives_whole_devices(node))
    return held > node.allocatable[resource] and (resource in node.offers or is_device(resource))

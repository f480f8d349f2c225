"""Whether a node will do for a pod; every check answers with a Rejection or None.

Reasons are few and fixed, because kube-scheduler counts equal texts into one condition of the pod: no names or
numbers.
"""

from collections.abc import Mapping

from placement.inventory import NodeInventory
from placement.quantities import CPU, MEMORY
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements
from placement.shares import SHARES, device_count, devices_for, divided, gives_whole_devices, left_by_device
from placement.taints import untolerated

# What every node has; one that does not tell how much of it is not judged by it.
_COMMON = (CPU, MEMORY, "ephemeral-storage", "pods")


def accelerator_rejection(asked: Requirements, node: NodeInventory) -> Rejection | None:
    """Return why the node's accelerators will not do, judged by what bound pods hold, or None.

    Only a contradiction rejects: a node of a class that offers the resource but does not advertise it (its devices may
    be behind Dynamic Resource Allocation) passes here. Of shares pods in flight are counted too, device by device.
    """
    return _short(node, asked.accelerators)


def rejection(asked: Requirements, node: NodeInventory) -> Rejection | None:
    """Return why the node will not do in any respect that Berth understands, or None."""
    return (
        _unavailable(node)
        or _unselected(asked, node)
        or accelerator_rejection(asked, node)
        or _short(node, _others(asked))
        or _full(asked, node)
    )


def _short(node: NodeInventory, amounts: Mapping[str, int]) -> Rejection | None:
    reasons = (_shortage(node, name, count) for name, count in amounts.items())
    return next((Rejection(node.name, cause, reason) for cause, reason in filter(None, reasons)), None)


def without(resource: str) -> tuple[Cause, str]:
    """Return what speaks against a node that does not offer the resource."""
    return Cause.FILTERED, f"node(s) without {resource}"


def fewer(resource: str) -> tuple[Cause, str]:
    """Return what speaks against a node that never has enough of it."""
    return Cause.FILTERED, f"node(s) with fewer {resource} than asked"


def taken(resource: str) -> tuple[Cause, str]:
    """Return what speaks against a node of which others hold too much."""
    where = f"{SHARES} on one device" if resource == SHARES else resource
    return Cause.EXHAUSTED, f"node(s) with too few free {where}"


INDIVISIBLE = Cause.FILTERED, f"node(s) refused: {SHARES} above 1000 must be a multiple of 1000"
WHOLE_BESIDE = Cause.FILTERED, f"node(s) with whole devices beside {SHARES}"


def _shortage(node: NodeInventory, resource: str, count: int) -> tuple[Cause, str] | None:
    if resource == SHARES:
        return _share_shortage(node, count)
    total = node.allocatable.get(resource)
    if total is None:
        return None if resource in node.offers else without(resource)
    if total < count:
        return fewer(resource)
    return taken(resource) if node.free(resource) < count else None


def _share_shortage(node: NodeInventory, amount: int) -> tuple[Cause, str] | None:
    parts = divided(amount)
    if parts is None:
        return INDIVISIBLE
    if not device_count(node):
        return without(SHARES)
    if device_count(node) < parts[0]:
        return fewer(SHARES)
    if gives_whole_devices(node):
        return WHOLE_BESIDE
    has_room = devices_for(amount, left_by_device(node))
    return None if has_room else taken(SHARES)


def _unavailable(node: NodeInventory) -> Rejection | None:
    if not node.is_schedulable:
        return Rejection(node.name, Cause.EXHAUSTED, "node(s) cordoned")
    return None if node.is_ready else Rejection(node.name, Cause.EXHAUSTED, "node(s) not ready")


def _unselected(asked: Requirements, node: NodeInventory) -> Rejection | None:
    if not asked.selection.admits(node.labels, node.name):
        kind = f"of class {'+'.join(node.classes)}" if node.classes else "without accelerator class"
        return Rejection(node.name, Cause.FILTERED, f"node(s) {kind}, not selected by the pod")
    taint = untolerated(node.taints, asked.tolerations)
    return Rejection(node.name, Cause.FILTERED, f"node(s) with untolerated taint {taint}") if taint else None


def _others(asked: Requirements) -> Mapping[str, int]:
    """Return what is asked of devices that no class knows, of huge pages and the like."""
    known = {*_COMMON, *asked.accelerators}
    return {name: asked.requests[name] for name in sorted(asked.requests.keys() - known)}


def _full(asked: Requirements, node: NodeInventory) -> Rejection | None:
    for resource in _COMMON:
        count = asked.requests.get(resource, 0)
        if count and resource in node.allocatable and node.free(resource) < count:
            return Rejection(node.name, Cause.EXHAUSTED, f"node(s) with too little free {resource}")
    return None

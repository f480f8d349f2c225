"""Whether a class has nodes for a pod, and whether one of them has room now."""

from collections.abc import Iterable, Iterator, Mapping

from placement.accelerators import AcceleratorClass
from placement.inventory import Amounts, Inventory, NodeInventory
from placement.pods import Pod
from placement.scaling.supply import NO_SUPPLY, NodeSupply, obstacles, supplier
from placement.shares import SHARES
from placement.taints import Toleration, untolerated


def unavailable(
    pod: Pod, candidate: AcceleratorClass, needed: Amounts, inventory: Inventory, supply: NodeSupply = NO_SUPPLY
) -> str | None:
    """Return why no node of the class can take the pod, whatever is free there, or None.

    A class that scales from zero can get nodes with other labels, and ready ones, but none of another size.
    """
    nodes = inventory.by_class.get(candidate.name, ())
    if not nodes:
        is_scalable = candidate.scalable_from_zero or scales(pod, candidate, needed, supply)
        return None if is_scalable else "; ".join(("no node carries it", *obstacles(candidate, supply)))
    tolerations = (*pod.tolerations, *candidate.tolerations)
    # Mostly the first node will do, and nobody asks why.
    if any(_can_take(pod, node, tolerations, needed) for node in nodes):
        return None
    if scales(pod, candidate, needed, supply):
        return _too_small(needed, nodes)
    ready = [node for node in nodes if node.is_schedulable and node.is_ready]
    return _unreachable(pod, tolerations, needed, ready) if ready else "its nodes are cordoned or not ready"


def scales(pod: Pod, candidate: AcceleratorClass, needed: Amounts, supply: NodeSupply) -> bool:
    """Tell whether the class can get a node for the pod: it says so itself, or an autoscaler can make one."""
    if pod.node:
        return False
    return candidate.scalable_from_zero or supplier(candidate, supply, pod, needed) is not None


class Room:
    """How many more pods of one kind a class has room for on its nodes, counted only as far as anybody asks.

    A node whose devices cannot be seen may have room for one.
    """

    def __init__(self, pod: Pod, candidate: AcceleratorClass, needed: Amounts, inventory: Inventory) -> None:
        tolerations, nodes = (*pod.tolerations, *candidate.tolerations), inventory.by_class.get(candidate.name, ())
        self._needed = needed
        self._copies = _copies(pod, nodes, tolerations, needed)
        self._counted = 0

    def remains_behind(self, pending: Amounts) -> bool:
        """Tell whether there is room for one more once pending pods have what they ask for.

        Those are reckoned in pods of this kind, rounded up.
        """
        ahead = max((-(-pending.get(name, 0) // count) for name, count in self._needed.items()), default=0)
        while self._counted <= ahead:
            copies = next(self._copies, 0)
            if not copies:
                return False
            self._counted += copies
        return True


def _copies(
    pod: Pod, nodes: Iterable[NodeInventory], tolerations: tuple[Toleration, ...], needed: Amounts
) -> Iterator[int]:
    """Yield how many such pods find their accelerators free on each node that can take them."""
    for node in nodes:
        known = [node.free(name) // count for name, count in needed.items() if _is_seen(name, node)]
        copies = min(known, default=1)
        if copies > 0 and _can_take(pod, node, tolerations, needed):
            yield copies


def _can_take(pod: Pod, node: NodeInventory, tolerations: tuple[Toleration, ...], needed: Amounts) -> bool:
    available = node.is_schedulable and node.is_ready and _is_selected(pod, node)
    return available and untolerated(node.taints, tolerations) is None and _too_small(needed, [node]) is None


def _is_selected(pod: Pod, node: NodeInventory) -> bool:
    return pod.node in ("", node.name) and pod.selection.admits(node.labels, node.name)


def _unreachable(
    pod: Pod, tolerations: tuple[Toleration, ...], needed: Amounts, nodes: list[NodeInventory]
) -> str | None:
    """Return why none of a class's ready nodes will do."""
    selected = [node for node in nodes if _is_selected(pod, node)]
    if not selected and pod.node:
        return f"the pod names node {pod.node}, which does not carry it"
    if not selected:
        return "none of its nodes meets the pod's own node selection"
    taints = [untolerated(node.taints, tolerations) for node in selected]
    if all(taints):
        return f"its nodes have the taint {taints[0]}, which neither the pod nor the class tolerates"
    return _too_small(needed, [node for node, taint in zip(selected, taints, strict=True) if taint is None])


def _too_small(accelerators: Mapping[str, int], nodes: Iterable[NodeInventory]) -> str | None:
    """Judge what nodes offer, not what is free; a node whose devices cannot be seen may have enough."""
    known = [node for node in nodes if all(_is_seen(name, node) for name in accelerators)]
    fitting = [node for node in known if all(_count(name, node) >= count for name, count in accelerators.items())]
    if fitting or not known:
        return None
    asks = ", ".join(f"{count} {name}" for name, count in sorted(accelerators.items()))
    most = max(sum(_count(name, node) for name in accelerators) for node in known)
    return f"its largest node has {most}, the pod asks {asks}"


def _is_seen(name: str, node: NodeInventory) -> bool:
    """Tell whether it is known how much a node has; shares are Berth's own: where none are told there are none."""
    return name == SHARES or name in node.allocatable


def _count(name: str, node: NodeInventory) -> int:
    return node.allocatable.get(name, 0)

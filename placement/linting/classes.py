"""What about a class is legal, but hardly meant."""

from collections.abc import Iterator, Sequence
from itertools import islice

from placement.accelerators import AcceleratorClass
from placement.class_conflicts import MOST_NAMED, conflicts_among, likeness
from placement.inventory import NodeInventory
from placement.linting.findings import Surroundings
from placement.linting.hardware import exaggerated, hardware_of
from placement.linting.memory import memory_gib
from placement.linting.selections import contradictory, unseen
from placement.scaling.node_pools import NODE_POOL
from placement.scaling.supply import supplier, unreadable_terms
from placement.shares import SHARES

# Error correction and firmware take up to a tenth of a device's nominal memory.
_MOST_ABOVE = 1.1
# Classes of several products state the least that one of them has.
_LEAST_SHARE = 0.6
_NODE_TROUBLE = "node.kubernetes.io/"


def suspicions_of_class(candidate: AcceleratorClass, around: Surroundings) -> tuple[str, ...]:
    """Return what is suspicious of a class, in sentences, in the order in which an author will want to read them."""
    nodes = around.inventory.nodes.values()
    carriers = [each for each in nodes if candidate.carried_by(each.labels, each.name)]
    return (
        *contradictory(candidate.selection),
        *_nowhere(candidate, carriers, around),
        *_unreadable(candidate, carriers, around),
        *_conflict(candidate, around),
        *_resources(candidate, carriers),
        *_memory(candidate, carriers),
        *exaggerated(candidate, carriers),
        *_price(candidate),
        *_tolerations(candidate),
    )


def _nowhere(candidate: AcceleratorClass, carriers: Sequence[NodeInventory], around: Surroundings) -> Iterator[str]:
    if carriers or candidate.scalable_from_zero or not around.inventory.nodes or supplier(candidate, around.supply):
        return
    reason = unseen(candidate.selection, around.inventory) or "no node has all of its labels"
    yield f"selects no node today: {reason}; set scalableFromZero where an autoscaler makes such nodes"


def _unreadable(candidate: AcceleratorClass, carriers: Sequence[NodeInventory], around: Surroundings) -> Iterator[str]:
    """Yield what keeps Karpenter from making nodes, unless other nodes have the class already."""
    if not carriers or any(NODE_POOL in each.labels for each in carriers):
        yield from unreadable_terms(candidate, around.supply)


def _conflict(candidate: AcceleratorClass, around: Surroundings) -> Iterator[str]:
    """Yield in what other classes that select the same nodes contradict it, of the first few that do."""
    mine, others = likeness(candidate), (around.catalog.classes[name] for name in around.catalog.names)
    same = (each for each in others if each.name != candidate.name and likeness(each) == mine)
    conflicts = (conflicts_among((candidate, each)).get(candidate.name) for each in same)
    for found in islice((each for each in conflicts if each), MOST_NAMED):
        said = "; ".join(map(str, found.differences))
        yield f"selects the same nodes as {', '.join(found.names)}, and contradicts: {said}"


def _resources(candidate: AcceleratorClass, carriers: Sequence[NodeInventory]) -> Iterator[str]:
    names = sorted(candidate.resource_names)
    if not names:
        yield "lists no resources, and of this vendor none is usual: containers that ask for no device get none"
        return
    offered = {*names, SHARES}
    if carriers and not any(each.allocatable.keys() & offered for each in carriers):
        yield f"none of its {len(carriers)} node(s), such as {carriers[0].name}, offers {' or '.join(names)}"


def _memory(candidate: AcceleratorClass, carriers: Sequence[NodeInventory]) -> Iterator[str]:
    stated = candidate.capabilities.memory_gib
    if stated is None:
        yield "states no memory (capabilities.memoryGB), so that no pod which needs some gets it"
        return
    known = [(gib, each.name) for each in carriers if (gib := memory_gib(candidate, each.labels)) is not None]
    if not known:
        yield from _published(candidate, stated)
        return
    least, node = min(known)
    if stated > least * _MOST_ABOVE:
        yield f"states {stated:g} GiB of memory, but a device of node {node} has {least:.0f} by its labels"
    elif stated < least * _LEAST_SHARE:
        yield f"states {stated:g} GiB of memory, but every device of its nodes has {least:.0f} or more by their labels"


def _published(candidate: AcceleratorClass, stated: float) -> Iterator[str]:
    """Yield that the hardware which a class names has less memory, where no node tells."""
    sizes = {name: each.memory_gib for name, each in hardware_of(candidate, ()).items() if each.memory_gib}
    if sizes and stated > max(sizes.values()) * _MOST_ABOVE:
        name = max(sizes, key=lambda each: (sizes[each], each))
        yield f"states {stated:g} GiB of memory, of which {name} has {sizes[name]:g}"


def _price(candidate: AcceleratorClass) -> Iterator[str]:
    cost = candidate.cost
    if 0 in (cost.per_hour, cost.spot_per_hour):
        yield "costs 0 USD/h, so that strategy cost always takes it: leave a price out that is not known"
    if cost.per_hour is not None and cost.spot_per_hour is not None and cost.spot_per_hour > cost.per_hour:
        yield f"costs more on spot ({cost.spot_per_hour:g} USD/h) than on demand ({cost.per_hour:g} USD/h)"


def _tolerations(candidate: AcceleratorClass) -> Iterator[str]:
    for each in candidate.listed_tolerations:
        if each.key.startswith(_NODE_TROUBLE) and each.seconds is None:
            yield f"tolerates {each.key} for ever, by which Kubernetes keeps pods off nodes in trouble"

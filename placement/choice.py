"""Choosing the class: a hard filter in a fixed order of questions, then a total order of what remains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from placement.accelerators import AcceleratorClass, Catalog
from placement.class_requests import ClassRequest
from placement.class_requirements import EXCLUDED, UNSUPPORTED
from placement.demand import demand
from placement.inventory import Inventory, NodeInventory
from placement.pods import Pod
from placement.rejections import Cause, Rejection
from placement.strategies import scores
from placement.taints import Toleration, untolerated


@dataclass(frozen=True, slots=True)
class Choice:
    """The eligible classes, best first, and why each other one will not do."""

    eligible: tuple[AcceleratorClass, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    @property
    def chosen(self) -> AcceleratorClass | None:
        """The best class."""
        return self.eligible[0] if self.eligible else None


def choose(asked: ClassRequest, catalog: Catalog, inventory: Inventory) -> Choice:
    """Choose among the classes of the catalog.

    What remains is ordered by the request's preferred classes; then by the score of its strategy plus that of the
    preferences which apply; then by name. Of the rejected, those that nobody ruled out by name come first.
    """
    if asked.explicit and asked.explicit not in catalog.classes:
        return Choice(rejections=(_unknown(asked.explicit, catalog),))
    names = [asked.explicit] if asked.explicit else sorted(catalog.classes)
    verdicts = [(catalog.classes[name], rejection(asked, catalog.classes[name], inventory)) for name in names]
    eligible = tuple(each for each, no in verdicts if no is None)
    rejections = sorted((no for _, no in verdicts if no), key=lambda no: no.reason in (UNSUPPORTED, EXCLUDED))
    return Choice(_ordered(asked, eligible), tuple(rejections))


def rejection(asked: ClassRequest, candidate: AcceleratorClass, inventory: Inventory) -> Rejection | None:
    """Return why the class will not do for the pod, or None."""
    no = asked.requirements.rejection(candidate, on_spot=asked.on_spot)
    if no:
        return no
    reason = _disallowed(asked, candidate) or _unavailable(asked, candidate, inventory)
    return Rejection(candidate.name, Cause.FILTERED, reason) if reason else None


def _disallowed(asked: ClassRequest, candidate: AcceleratorClass) -> str | None:
    if not candidate.usable_in(asked.pod.namespace):
        return f"may not be used in namespace {asked.pod.namespace}"
    foreign = sorted(set(asked.accelerators) - candidate.resource_names)
    if foreign:
        return f"does not offer {', '.join(foreign)}, which the pod asks for"
    clash = asked.pod.selection.contradiction(candidate.selection)
    return f"contradicts the pod's own nodeSelector {clash}" if clash else None


def _unavailable(asked: ClassRequest, candidate: AcceleratorClass, inventory: Inventory) -> str | None:
    nodes = inventory.by_class.get(candidate.name, ())
    if not nodes:
        return None if candidate.scalable_from_zero else "no node carries it"
    needed = demand(asked, candidate)
    tolerations = (*asked.pod.tolerations, *candidate.tolerations)
    if any(_will_do(asked, node, tolerations, needed) for node in nodes):
        return None
    ready = [node for node in nodes if node.is_schedulable and node.is_ready]
    return _unreachable(asked, tolerations, needed, ready) if ready else "its nodes are cordoned or not ready"


def _will_do(
    asked: ClassRequest, node: NodeInventory, tolerations: tuple[Toleration, ...], needed: Mapping[str, int]
) -> bool:
    """Tell whether one node will do in every respect: mostly the first one does, and nobody asks why."""
    available = node.is_schedulable and node.is_ready and _is_selected(asked.pod, node)
    return available and untolerated(node.taints, tolerations) is None and _too_small(needed, [node]) is None


def _is_selected(pod: Pod, node: NodeInventory) -> bool:
    return pod.node in ("", node.name) and pod.selection.admits(node.labels, node.name)


def _unreachable(
    asked: ClassRequest, tolerations: tuple[Toleration, ...], needed: Mapping[str, int], nodes: list[NodeInventory]
) -> str | None:
    """Return why none of a class's ready nodes will do."""
    selected = [node for node in nodes if _is_selected(asked.pod, node)]
    if not selected and asked.pod.node:
        return f"the pod names node {asked.pod.node}, which does not carry it"
    if not selected:
        return "none of its nodes meets the pod's own node selection"
    taints = [untolerated(node.taints, tolerations) for node in selected]
    if all(taints):
        return f"its nodes have the taint {taints[0]}, which neither the pod nor the class tolerates"
    return _too_small(needed, [node for node, taint in zip(selected, taints, strict=True) if taint is None])


def _too_small(accelerators: Mapping[str, int], nodes: Iterable[NodeInventory]) -> str | None:
    """Judge what nodes offer, not what is free; a node whose devices cannot be seen may have enough."""
    known = [node for node in nodes if all(name in node.allocatable for name in accelerators)]
    fitting = [node for node in known if all(node.allocatable[name] >= count for name, count in accelerators.items())]
    if fitting or not known:
        return None
    asks = ", ".join(f"{count} {name}" for name, count in sorted(accelerators.items()))
    most = max(sum(node.allocatable[name] for name in accelerators) for node in known)
    return f"its largest node has {most}, the pod asks {asks}"


def _ordered(asked: ClassRequest, eligible: tuple[AcceleratorClass, ...]) -> tuple[AcceleratorClass, ...]:
    by_strategy = scores(asked.strategy, eligible, on_spot=asked.on_spot)

    def rank(candidate: AcceleratorClass) -> tuple[int, float, str]:
        listed = candidate.name in asked.preferred
        tier = asked.preferred.index(candidate.name) if listed else len(asked.preferred)
        return tier, -(by_strategy[candidate.name] + asked.preference(candidate)), candidate.name

    return tuple(sorted(eligible, key=rank))


def _unknown(name: str, catalog: Catalog) -> Rejection:
    known = sorted(catalog.classes)
    near = get_close_matches(name, known, 1)
    help_text = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return Rejection(name, Cause.FILTERED, f"is no valid AcceleratorClass of this cluster ({help_text})")

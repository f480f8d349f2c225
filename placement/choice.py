"""Choosing the class: a hard filter in a fixed order of questions, then a total order of what remains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from placement.accelerators import AcceleratorClass, Catalog
from placement.class_requests import ClassRequest
from placement.inventory import Inventory, NodeInventory
from placement.rejections import Cause, Rejection
from placement.taints import untolerated


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

    What remains is ordered by the request's preferred classes, then price (USD/h, unknown last), then memory (GiB,
    least first, so that large devices stay for those who need them), then name.
    """
    if asked.explicit and asked.explicit not in catalog.classes:
        return Choice(rejections=(_unknown(asked.explicit, catalog),))
    names = [asked.explicit] if asked.explicit else sorted(catalog.classes)
    verdicts = [(catalog.classes[name], rejection(asked, catalog.classes[name], inventory)) for name in names]
    eligible = sorted((each for each, no in verdicts if no is None), key=lambda each: _rank(asked, each))
    return Choice(tuple(eligible), tuple(no for _, no in verdicts if no))


def rejection(asked: ClassRequest, candidate: AcceleratorClass, inventory: Inventory) -> Rejection | None:
    """Return why the class will not do for the pod, or None."""
    no = asked.requirements.rejection(candidate)
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
    nodes = [node for node in inventory.nodes.values() if candidate.name in node.classes]
    if not nodes:
        return None if candidate.scalable_from_zero else "no node carries it"
    nodes = [node for node in nodes if node.is_schedulable and node.is_ready]
    return _unreachable(asked, candidate, nodes) if nodes else "its nodes are cordoned or not ready"


def _unreachable(asked: ClassRequest, candidate: AcceleratorClass, nodes: list[NodeInventory]) -> str | None:
    selected = [node for node in nodes if asked.pod.selection.admits(node.labels, node.name)]
    if not selected:
        return "none of its nodes meets the pod's own node selection"
    tolerations = (*asked.pod.tolerations, *candidate.tolerations)
    taints = [untolerated(node.taints, tolerations) for node in selected]
    if all(taints):
        return f"its nodes have the taint {taints[0]}, which neither the pod nor the class tolerates"
    bearable = [node for node, taint in zip(selected, taints, strict=True) if taint is None]
    return _too_small(asked.accelerators, bearable)


def _too_small(accelerators: Mapping[str, int], nodes: Iterable[NodeInventory]) -> str | None:
    """Judge what nodes offer, not what is free; a node whose devices cannot be seen may have enough."""
    known = [node for node in nodes if all(name in node.allocatable for name in accelerators)]
    fitting = [node for node in known if all(node.allocatable[name] >= count for name, count in accelerators.items())]
    if fitting or not known:
        return None
    asks = ", ".join(f"{count} {name}" for name, count in sorted(accelerators.items()))
    most = max(sum(node.allocatable[name] for name in accelerators) for node in known)
    return f"its largest node has {most}, the pod asks {asks}"


def _rank(asked: ClassRequest, candidate: AcceleratorClass) -> tuple[int, float, float, str]:
    preferred = asked.preferred.index(candidate.name) if candidate.name in asked.preferred else len(asked.preferred)
    price, memory = candidate.cost.per_hour, candidate.capabilities.memory_gib
    unknown = float("inf")
    return preferred, unknown if price is None else price, unknown if memory is None else memory, candidate.name


def _unknown(name: str, catalog: Catalog) -> Rejection:
    known = ", ".join(sorted(catalog.classes)) or "none"
    return Rejection(name, Cause.FILTERED, f"is no valid AcceleratorClass of this cluster (there are: {known})")

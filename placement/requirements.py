"""Requirements: everything that one pod asks, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, Version
from placement.pods import Pod
from placement.rejections import Cause, Rejection
from placement.selection import EVERYWHERE, NodeSelection
from placement.taints import Toleration


class Spread(StrEnum):
    """Over what the replicas of one owner prefer to spread."""

    NONE = "none"
    NODE = "node"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class ClassRequirements:
    """Which classes will do: combined with `&` to the strictest of both."""

    supported: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    memory_gib: float = 0
    compute_capability: Version = ()
    features: frozenset[str] = frozenset()

    def __and__(self, other: "ClassRequirements") -> "ClassRequirements":
        listed = [each.supported for each in (self, other) if each.supported is not None]
        return ClassRequirements(
            frozenset.intersection(*listed) if listed else None,
            self.excluded | other.excluded,
            max(self.memory_gib, other.memory_gib),
            max(self.compute_capability, other.compute_capability),
            self.features | other.features,
        )

    def rejection(self, candidate: AcceleratorClass) -> Rejection | None:
        """Return why the class will not do, or None; what a class does not state about itself, it does not have."""
        reason = self._listing(candidate.name) or self._shortfall(candidate.capabilities)
        return Rejection(candidate.name, Cause.FILTERED, reason) if reason else None

    def _listing(self, name: str) -> str | None:
        if self.supported is not None and name not in self.supported:
            return "is not among the supported classes"
        return "is excluded" if name in self.excluded else None

    def _shortfall(self, has: Capabilities) -> str | None:
        if self.memory_gib > (has.memory_gib or 0):
            return f"has {_known(has.memory_gib)} GiB of memory, {self.memory_gib:g} needed"
        if self.compute_capability > (has.compute_capability or ()):
            needed = _dotted(self.compute_capability)
            return f"has compute capability {_dotted(has.compute_capability)}, {needed} needed"
        offered = {feature.lower() for feature in has.features}
        missing = sorted(feature for feature in self.features if feature.lower() not in offered)
        return f"lacks {', '.join(missing)}" if missing else None


ANY_CLASS = ClassRequirements()


@dataclass(frozen=True)
class Requirements:
    """Everything one pod asks of a node; `accelerators` is the part of `requests` that some class knows."""

    requests: Mapping[str, int]
    accelerators: Mapping[str, int] = field(default_factory=dict)
    selection: NodeSelection = EVERYWHERE
    tolerations: tuple[Toleration, ...] = ()
    owner: str = ""
    spread: Spread = Spread.NODE


def requirements_of(pod: Pod, catalog: Catalog, spread: Spread = Spread.NODE) -> Requirements:
    """Return what the pod asks of a node, with the part of it that are accelerators known to the catalog."""
    requests = {name: count for name, count in pod.requests.items() if count > 0}
    accelerators = catalog.accelerators(requests)
    return Requirements(requests, accelerators, pod.selection, pod.tolerations, pod.owner, spread)


def _known(number: float | None) -> str:
    return "unknown" if number is None else f"{number:g}"


def _dotted(parts: Version | None) -> str:
    return ".".join(map(str, parts)) if parts else "unknown"

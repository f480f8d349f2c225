"""Taints of nodes and tolerations of pods, as kube-scheduler's TaintToleration judges them."""

from collections.abc import Iterable
from dataclasses import dataclass

# PreferNoSchedule repels only by score; the other two effects forbid.
FORBIDDING = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True, slots=True)
class Taint:
    """A mark on a node that repels pods which do not tolerate it."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True)
class Toleration:
    """What a pod tolerates: empty key, value or effect stand for any (an empty key needs operator Exists)."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    seconds: int | None = None

    def tolerates(self, taint: Taint) -> bool:
        """Tell whether a pod with this toleration may stand on a node with that taint."""
        if self.effect not in ("", taint.effect) or self.key not in ("", taint.key):
            return False
        return self.operator == "Exists" or (bool(self.key) and self.value == taint.value)

    def covers(self, other: "Toleration") -> bool:
        """Tell whether everything that the other tolerates, this one tolerates too (for as long)."""
        if self.seconds is not None and self.seconds != other.seconds:
            return False
        if self.effect not in ("", other.effect) or self.key not in ("", other.key):
            return False
        return self.operator == "Exists" or (self.operator, self.value) == (other.operator, other.value)


# How providers mark spot capacity; what tolerates such a mark, or selects it, may run there.
SPOT_TAINTS = (
    Taint("kubernetes.azure.com/scalesetpriority", "spot"),
    Taint("cloud.google.com/gke-spot", "true"),
    Taint("karpenter.sh/capacity-type", "spot"),
    Taint("eks.amazonaws.com/capacityType", "SPOT"),
)


def untolerated(taints: Iterable[Taint], tolerations: Iterable[Toleration]) -> Taint | None:
    """Return the first taint that forbids and that nothing tolerates, or None."""
    borne = tuple(tolerations)
    forbidding = (taint for taint in taints if taint.effect in FORBIDDING)
    return next((taint for taint in forbidding if not any(each.tolerates(taint) for each in borne)), None)

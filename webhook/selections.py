"""What was chosen for a pod, as the metrics of proposal OEP-0003 count it."""

from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from placement.admission import Admission
from placement.keys import DECISION
from placement.pods import Pod

# Classes that are told apart; of more, the later ones count as others.
MAX_CLASSES = 200
OTHERS = "others"
NAMED = "named"


class Selected(StrEnum):
    """How a selection ended."""

    SELECTED = "selected"
    OPEN = "open"  # Between several classes, of which the best is told, the node decides.
    UNFIT = "unfit"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Selection:
    """One selection for a pod that was not asked about before.

    `strategy` is `named` where only one class was asked for; `mismatch` is `runtime` or `profile` where one of these
    lists classes, and none of them will do.
    """

    selected: Selected
    accelerator_class: str
    strategy: str
    mismatch: str = ""


def selection_of(pod: Pod, verdict: Admission) -> Selection | None:
    """Return what was selected for a pod, or None where nothing was to be, or the API server asks once more."""
    asked = verdict.asked
    if asked is None or verdict.choice is None or DECISION in pod.annotations:
        return None
    strategy = NAMED if asked.explicit else asked.strategy.value
    if verdict.classes:
        selected = Selected.SELECTED if len(verdict.classes) == 1 else Selected.OPEN
        return Selection(selected, verdict.classes[0], strategy)
    is_listed = asked.requirements.supported is not None
    author = "profile" if asked.layer.source.startswith("profile ") else "runtime"
    selected = Selected.DENIED if verdict.denial else Selected.UNFIT
    return Selection(selected, "", strategy, author if is_listed else "")


class SelectionObserver:
    """Counts selections on a registry; the number of its series is bounded, whatever classes come and go."""

    def __init__(self, registry: CollectorRegistry, buckets: tuple[float, ...]) -> None:
        self._selections = Counter(
            "ome_accelerator_selection_total",
            "Accelerator classes selected for pods.",
            ["class", "outcome", "strategy"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ome_accelerator_selection_duration_seconds",
            "Time from a read request to its answer, where a class was to be selected.",
            buckets=buckets,
            registry=registry,
        )
        self._mismatches = Counter(
            "ome_runtime_accelerator_mismatch_total",
            "Pods for which none of the classes will do that their runtime or profile lists.",
            ["author"],
            registry=registry,
        )
        self._classes: set[str] = set()

    def __call__(self, seen: Selection, seconds: float) -> None:
        """Be told of a selection, and of the time that it took."""
        self._selections.labels(self._told_apart(seen.accelerator_class), seen.selected.value, seen.strategy).inc()
        self._seconds.observe(seconds)
        if seen.mismatch:
            self._mismatches.labels(seen.mismatch).inc()

    def _told_apart(self, name: str) -> str:
        if name and len(self._classes) < MAX_CLASSES:
            self._classes.add(name)
        return name if name in self._classes or not name else OTHERS

"""The journal: the last decision about each pod, and the last decisions, small enough to keep thousands."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Annotated, Any

import msgspec
from cachetools import LRUCache

from extender.desk import Decided
from extender.observers import Verdict, verdict_of
from placement.pods import Pod
from placement.rejections import Rejection, reasons_in
from placement.scheduling.decisions import Candidate, Score

MAX_RECORDS = 10_000
LAST = 1_000
MOST_AT_ONCE = 500
RUNNERS_UP = 3
REJECTED_NODES = 10
SICK_NODES = 10

# Thousandths of a thousandth of a device.
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a decision: the best candidates, how often each reason was given, and the first rejections.

    A survey judged all nodes for a pod that waits; otherwise kube-scheduler was answered about those that it found
    feasible. `sick` are the nodes that ranked last then because pods failed there.
    """

    namespace: str
    name: str
    uid: str
    at: datetime
    explanation: str
    accelerators: Mapping[str, int]
    best: tuple[Candidate, ...]
    reasons: Mapping[str, int]
    rejected: tuple[Rejection, ...]
    verdict: Verdict
    sick: AbstractSet[str] = frozenset()
    is_survey: bool = False

    @property
    def chosen(self) -> Candidate | None:
        """The best candidate."""
        return self.best[0] if self.best else None

    def to_json(self) -> dict[str, Any]:
        """Return the record for people and their tools."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
            "at": timestamp(self.at),
            "verdict": self.verdict.value,
            "explanation": self.explanation,
            "isSurvey": self.is_survey,
            "asked": self.accelerators,
            "chosen": self.chosen and candidate_json(self.chosen),
            "runnersUp": [candidate_json(each) for each in self.best[1:]],
            "rejected": self.reasons,
            "rejectedNodes": [
                {"node": each.subject, "cause": each.cause.value, "reason": each.reason} for each in self.rejected
            ],
            "sickNodes": sorted(self.sick)[:SICK_NODES],
        }


class DecisionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which decisions are asked for: about pods of a namespace, for a node, that ended so; the last so many of them."""

    namespace: str = ""
    node: str = ""
    verdict: Verdict | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 100

    def admits(self, record: Record) -> bool:
        """Tell whether a record is asked for."""
        node = record.chosen.node if record.chosen else ""
        return (
            self.namespace in ("", record.namespace)
            and self.node in ("", node)
            and self.verdict in (None, record.verdict)
        )


class Journal:
    """The latest records: answers by uid, answers and surveys by name, and the last of all; what is oldest gives way.

    `sick` returns the nodes that rank last because pods failed there.
    """

    def __init__(
        self, size: int = MAX_RECORDS, last: int = LAST, sick: Callable[[], AbstractSet[str]] = frozenset
    ) -> None:
        self._sick = sick
        self._last: deque[Record] = deque(maxlen=last)
        self._answers: LRUCache[str, Record] = LRUCache(size)
        self._by_name: LRUCache[tuple[str, str], Record] = LRUCache(size)

    def __call__(self, decided: Decided, at: datetime) -> None:
        """Be told of a decision that kube-scheduler was answered."""
        record = record_of(decided, at, self._sick())
        self._answers[record.uid] = record
        self._keep(record)

    def survey(self, decided: Decided, at: datetime) -> None:
        """Be told of a survey."""
        self._keep(replace(record_of(decided, at, self._sick()), is_survey=True))

    def last(self, query: DecisionsQuery) -> Iterable[Record]:
        """Return the last records that are asked for, the newest first."""
        return islice(filter(query.admits, reversed(self._last)), query.limit)

    def answered(self, pod: Pod) -> Record | None:
        """Return what was answered last about this very pod."""
        return self._answers.get(pod.uid)

    def named(self, namespace: str, name: str) -> Record | None:
        """Return the last record about a pod of this name."""
        return self._by_name.get((namespace, name))

    def _keep(self, record: Record) -> None:
        self._by_name[record.namespace, record.name] = record
        self._last.append(record)


def record_of(decided: Decided, at: datetime, sick: AbstractSet[str] = frozenset()) -> Record:
    """Return what is kept of a decision that was answered."""
    pod, decision = decided.pod, decided.decision
    reasons: Counter[str] = Counter()
    for (_, reason), nodes in reasons_in(decision.rejections).items():
        reasons[reason] += nodes
    return Record(
        pod.namespace,
        pod.name,
        pod.uid,
        at,
        decision.explanation,
        decided.asked.accelerators,
        tuple(each.explained for each in decision.candidates[: RUNNERS_UP + 1]),
        dict(reasons.most_common()),
        tuple(decision.rejections[:REJECTED_NODES]),
        verdict_of(decided),
        sick,
    )


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate with the parts of its score, and the devices that the pod gets shares of."""
    devices = {"devices": candidate.devices} if candidate.devices else {}
    return {"node": candidate.node, **devices, "score": score_json(candidate.score)}


def score_json(score: Score) -> dict[str, float]:
    """Return the parts of a score in the order in which they decide, and what the cost consists of."""
    return {_camel(name): round(value, _DECIMALS) for name, value in score._asdict().items()}


@cache
def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def timestamp(at: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The journal: the last decision about each pod, small enough to keep thousands."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cachetools import LRUCache

from extender.desk import Decided
from placement.pods import Pod
from placement.rejections import Rejection
from placement.scheduling.decisions import Candidate, Score

MAX_RECORDS = 10_000
RUNNERS_UP = 3
REJECTED_NODES = 10

# Thousandths of a thousandth of a device.
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a decision: the best candidates, how often each reason was given, and the first rejections.

    A survey judged all nodes for a pod that waits; otherwise kube-scheduler was answered about those that it found
    feasible.
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
            "explanation": self.explanation,
            "isSurvey": self.is_survey,
            "asked": self.accelerators,
            "chosen": self.chosen and candidate_json(self.chosen),
            "runnersUp": [candidate_json(each) for each in self.best[1:]],
            "rejected": self.reasons,
            "rejectedNodes": [
                {"node": each.subject, "cause": each.cause.value, "reason": each.reason} for each in self.rejected
            ],
        }


class Journal:
    """The latest records: answers by uid, answers and surveys by name; what is oldest gives way."""

    def __init__(self, size: int = MAX_RECORDS) -> None:
        self._answers: LRUCache[str, Record] = LRUCache(size)
        self._by_name: LRUCache[tuple[str, str], Record] = LRUCache(size)

    def __call__(self, decided: Decided, at: datetime) -> None:
        """Be told of a decision that kube-scheduler was answered."""
        record = record_of(decided, at)
        self._answers[record.uid] = record
        self._by_name[record.namespace, record.name] = record

    def survey(self, decided: Decided, at: datetime) -> None:
        """Be told of a survey."""
        record = replace(record_of(decided, at), is_survey=True)
        self._by_name[record.namespace, record.name] = record

    def answered(self, pod: Pod) -> Record | None:
        """Return what was answered last about this very pod."""
        return self._answers.get(pod.uid)

    def named(self, namespace: str, name: str) -> Record | None:
        """Return the last record about a pod of this name."""
        return self._by_name.get((namespace, name))


def record_of(decided: Decided, at: datetime) -> Record:
    """Return what is kept of a decision that was answered."""
    pod, decision = decided.pod, decided.decision
    reasons = Counter(each.reason for each in decision.rejections)
    return Record(
        pod.namespace,
        pod.name,
        pod.uid,
        at,
        decision.explanation,
        decided.asked.accelerators,
        tuple(each.explained for each in decision.candidates[: RUNNERS_UP + 1]),
        dict(reasons.most_common()),
        decision.rejections[:REJECTED_NODES],
    )


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate with the parts of its score, and the devices that the pod gets shares of."""
    devices = {"devices": candidate.devices} if candidate.devices else {}
    return {"node": candidate.node, **devices, "score": score_json(candidate.score)}


def score_json(score: Score) -> dict[str, float]:
    """Return the parts of a score in the order in which they decide, and what the cost consists of."""
    return {_camel(name): round(value, _DECIMALS) for name, value in score._asdict().items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def timestamp(at: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

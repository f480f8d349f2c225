"""Decisions: candidates, scores and rejections of one question about one pod."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from placement.rejections import Cause, Rejection, counted, reasons_in


class Score(NamedTuple):
    """The parts of a candidate's score, in the order in which they decide; less is better in each.

    `sick`: 1 where pods have failed for the node's sake lately, `unknown`: 1 where its accelerators cannot be seen,
    `contended`: 1 where pods in flight may take something of it first, `later_class`: the place of its class among
    those left open to the pod, `excess`: where replicas spread, cost beyond what counts as equal to the least,
    `replicas`: replicas of the same owner there, `cost`: what the placement costs, `idle`: devices that are idle there,
    `idle_cpu`: cpu that is, in cores. What the cost consists of is told for the best candidates alone: `stranded`,
    `wasted`, `starved`, `room` and `reopening` (see Costs). Costs are in devices.
    """

    sick: int = 0
    unknown: int = 0
    contended: int = 0
    later_class: int = 0
    excess: float = 0
    replicas: int = 0
    cost: float = 0
    idle: float = 0
    idle_cpu: float = 0
    stranded: float = 0
    wasted: float = 0
    starved: float = 0
    room: float = 0
    reopening: float = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One node on which the pod can run, and the numbers of its devices where the pod takes shares of them.

    `cost_parts` returns those parts of the score that are computed only where somebody wants to know them.
    """

    node: str
    score: Score
    devices: tuple[int, ...] = ()
    cost_parts: Callable[[], Mapping[str, Any]] = field(default=dict, compare=False, repr=False)

    @property
    def explained(self) -> "Candidate":
        """The same with what its cost consists of, where that is known."""
        return replace(self, score=self.score._replace(**self.cost_parts()), cost_parts=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "where should this pod run": candidates best first, and why each other node will not do.

    `fitting` counts the candidates where only the best of them are told.
    """

    candidates: tuple[Candidate, ...] = ()
    rejections: Sequence[Rejection] = ()
    fitting: int = 0

    @property
    def winner(self) -> Candidate | None:
        """The best candidate."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing fits, but would once others leave."""
        return not self.candidates and any(cause is Cause.EXHAUSTED for cause, _ in reasons_in(self.rejections))

    @property
    def explanation(self) -> str:
        """The decision in one sentence."""
        fitting = max(self.fitting, len(self.candidates))
        verdict = f"{fitting}/{fitting + len(self.rejections)} nodes fit"
        return f"{verdict}: {counted(self.rejections)}" if self.rejections else verdict

"""Decisions: all candidates, scores and rejections of one question about one pod."""

from dataclasses import dataclass
from typing import NamedTuple

from placement.rejections import Cause, Rejection, counted


class Score(NamedTuple):
    """The parts of a candidate's score, in the order in which they decide; less is better in each.

    A tuple, because thousands of them are compared for each pod.

    `unknown`: 1 where its accelerators cannot be seen, `contended`: 1 where pods in flight may take them first,
    `later_class`: the place of its class among those left open to the pod, `fragmentation`: growth of stranded
    accelerators, in devices, `opens`: 1 where all of its accelerators of the kind are idle, `replicas`: replicas of the
    same owner there, `leftover`: accelerators that stay free, in devices, `idle_cpu`: cpu that stays free, in milli.
    """

    unknown: int = 0
    contended: int = 0
    later_class: int = 0
    fragmentation: float = 0
    opens: int = 0
    replicas: int = 0
    leftover: int = 0
    idle_cpu: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One node on which the pod can run, and the numbers of its devices where the pod takes shares of them."""

    node: str
    score: Score
    devices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "where should this pod run": candidates best first, and why each other node will not do."""

    candidates: tuple[Candidate, ...] = ()
    rejections: tuple[Rejection, ...] = ()

    @property
    def winner(self) -> Candidate | None:
        """The best candidate."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing fits, but would once others leave."""
        return not self.candidates and any(each.cause is Cause.EXHAUSTED for each in self.rejections)

    @property
    def explanation(self) -> str:
        """The decision in one sentence."""
        fitting, asked = len(self.candidates), len(self.candidates) + len(self.rejections)
        verdict = f"{fitting}/{asked} nodes fit"
        return f"{verdict}: {counted(self.rejections)}" if self.rejections else verdict

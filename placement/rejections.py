"""A "no" is a value with a cause."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload


class Cause(StrEnum):
    """Why something will not do."""

    FILTERED = "filtered"  # The wrong hardware: waiting does not help.
    EXHAUSTED = "exhausted"  # The right hardware, held by others.


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one node or class will not do; for nodes the reason is phrased so that "3 <reason>" is a sentence."""

    subject: str
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Refusals(Sequence[Rejection]):
    """Rejections of many, each for one of a few causes: `kinds` has the place of its cause and reason in `reasons`."""

    subjects: Sequence[str]
    kinds: Sequence[int]
    reasons: Sequence[tuple[Cause, str]]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.subjects)

    @overload
    def __getitem__(self, index: int) -> Rejection: ...

    @overload
    def __getitem__(self, index: slice) -> "Refusals": ...

    def __getitem__(self, index: int | slice) -> "Rejection | Refusals":
        """Return one, or some."""
        if isinstance(index, slice):
            return Refusals(self.subjects[index], self.kinds[index], self.reasons)
        return Rejection(self.subjects[index], *self.reasons[self.kinds[index]])


def reasons_in(rejections: Iterable[Rejection]) -> Counter[tuple[Cause, str]]:
    """Count causes and reasons."""
    if not isinstance(rejections, Refusals):
        return Counter((each.cause, each.reason) for each in rejections)
    counts = Counter[tuple[Cause, str]]()
    for kind, count in Counter(rejections.kinds).items():
        counts[rejections.reasons[kind]] += count
    return counts


def reasons_by_subject(rejections: Iterable[Rejection], prefix: str = "") -> dict[str, str]:
    """Return the reason of each subject, behind a prefix."""
    if not isinstance(rejections, Refusals):
        return {each.subject: prefix + each.reason for each in rejections}
    texts = [prefix + reason for _, reason in rejections.reasons]
    return dict(zip(rejections.subjects, map(texts.__getitem__, rejections.kinds), strict=True))


def counted(rejections: Iterable[Rejection]) -> str:
    """Return the reasons with their counts, most frequent first, then by text: `3 node(s) …, 1 node(s) …`."""
    counts = Counter[str]()
    for (_, reason), count in reasons_in(rejections).items():
        counts[reason] += count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ordered)

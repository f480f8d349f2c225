"""A "no" is a value with a cause."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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


def counted(rejections: Iterable[Rejection]) -> str:
    """Return the reasons with their counts, most frequent first, then by text: `3 node(s) …, 1 node(s) …`."""
    counts = Counter(each.reason for each in rejections)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ordered)

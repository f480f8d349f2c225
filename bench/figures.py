"""Figures: what was measured, beside its floor and the goal, as one table and as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path("build") / "bench.json"

# What was measured of a subject and of its floor or peer, in rounds in turn.
Sides = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, and the least and largest of them."""

    median: float
    least: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one value at least."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        if self.least == self.largest:
            return _short(self.median)
        return f"{_short(self.median)} ({_short(self.least)}-{_short(self.largest)})"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    `beside` is the floor or the peer, `ratio` that of the number to it. What counts against `goal` and `threshold` is
    the ratio where there is one, and the number else: at most so much, or at least where `more_is_better`.
    `recorded` is what it was when the threshold was set. What is not limited is told and never judged.
    """

    part: str
    name: str
    unit: str
    value: Spread
    beside: Spread | None = None
    ratio: Spread | None = None
    more_is_better: bool = False
    note: str = ""
    is_limited: bool = True
    goal: float | None = None
    threshold: float | None = None
    recorded: float | None = None

    @classmethod
    def compared(cls, part: str, name: str, unit: str, sides: Sides, **more: Any) -> "Figure":
        """Return the figure of a subject beside its floor or peer, round by round; `more` are further fields."""
        ratios = [one / other for one, other in zip(*sides, strict=True)]
        return cls(part, name, unit, Spread.of(sides[0]), Spread.of(sides[1]), Spread.of(ratios), **more)

    @property
    def judged(self) -> float:
        """What counts against the threshold."""
        return (self.ratio or self.value).median

    @property
    def exceeds(self) -> bool:
        """Whether the threshold is exceeded."""
        return self.threshold is not None and not self._within(self.threshold)

    @property
    def line(self) -> str:
        """The figure as a line of progress."""
        beside = f", beside {self.beside}" if self.beside else ""
        ratio = f", ratio {self.ratio}" if self.ratio else ""
        return f"{self.name}: {self.value} {self.unit}{beside}{ratio}"

    @property
    def verdict(self) -> str:
        """What is to be said of it in a word or two."""
        if self.exceeds:
            return "EXCEEDED"
        return "" if self.goal is None else "goal met" if self._within(self.goal) else "goal missed"

    def _within(self, limit: float) -> bool:
        return self.judged >= limit if self.more_is_better else self.judged <= limit


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as one table."""
    rows = [_HEADER, *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_aligned, row, widths, range(len(row)))).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def write(figures: Iterable[Figure], file: Path) -> None:
    """Write the figures as JSON, with what machine and when."""
    content: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "figures": [{**asdict(each), "verdict": each.verdict} for each in figures],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n")


_HEADER = ("what", "unit", "measured", "beside", "ratio", "goal", "at most", "recorded", "", "")


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "≥ " if figure.more_is_better else ""
    limits = (figure.goal, figure.threshold)
    return (
        f"{figure.part}: {figure.name}",
        figure.unit,
        str(figure.value),
        str(figure.beside or ""),
        str(figure.ratio or ""),
        *("" if limit is None else sign + _short(limit) for limit in limits),
        "" if figure.recorded is None else _short(figure.recorded),
        figure.verdict,
        figure.note,
    )


def _aligned(cell: str, width: int, column: int) -> str:
    is_text = column in (0, 1) or column >= len(_HEADER) - 2
    return cell.ljust(width) if is_text else cell.rjust(width)


def _short(number: float) -> str:
    """Return three digits of a number, all that stand before the point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"

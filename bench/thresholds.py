"""The recorded thresholds: `thresholds.toml` has them beside what was measured when they were set."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure

FILE = Path(__file__).with_name("thresholds.toml")

# Room for noise of shared machines: a 99th percentile of some hundred answers is the second or third worst of them.
ROOM, ROOM_OF_P99 = 1.5, 3.0

# What is nothing, or nearly, may be a little: of devices, megabytes, milliseconds.
_LEAST_LIMIT = 1.0

_HEAD = """\
# What each figure may be at most (or must be at least): its ratio to the floor or peer where it has one, else the
# number itself. `recorded` is the median that was measured when the threshold was set, on two shared cores.
# `python -m bench --record` writes this file anew from what it measures.
"""


Entries = dict[str, dict[str, float]]


def known(file: Path = FILE) -> Entries:
    """Return the limit and the recorded median of each figure."""
    entries: Entries = tomllib.loads(file.read_text()) if file.exists() else {}
    return entries


def judged(figures: Iterable[Figure], file: Path = FILE) -> Iterator[Figure]:
    """Yield the figures with their thresholds, as far as there are any."""
    entries = known(file)
    for figure in figures:
        entry = entries.get(_key(figure), {})
        yield replace(figure, threshold=entry.get("limit", figure.threshold), recorded=entry.get("recorded"))


def record(figures: Iterable[Figure], file: Path = FILE) -> None:
    """Write thresholds with room for noise; those of figures that were not measured stay."""
    entries = known(file)
    entries |= {_key(each): {"limit": _limit(each), "recorded": each.judged} for each in figures if each.is_limited}
    lines = [_line(key, **each) for key, each in entries.items()]
    file.write_text(_HEAD + "\n".join(lines) + "\n")


def _key(figure: Figure) -> str:
    return f"{figure.part}: {figure.name}"


def _line(key: str, limit: float, recorded: float) -> str:
    return f'"{key}" = {{ limit = {limit:.3g}, recorded = {recorded:.3g} }}'


def _limit(figure: Figure) -> float:
    """Return what a figure states of itself, or what leaves room for noise."""
    if figure.threshold is not None:
        return figure.threshold
    room = ROOM_OF_P99 if "p99" in figure.name else ROOM
    return figure.judged / room if figure.more_is_better else max(figure.judged * room, _LEAST_LIMIT)

"""Where each arrival went, as a CSV file that is there as a whole or not at all."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from placement.scheduling.fleet import Fleet
from placement.scheduling.replay import Step

_HEADER = ("seq", "node", "devices")


class Placements:
    """Writes a row for each arrival: its number, its node, the numbers of its devices; empty where there is none."""

    def __init__(self, stream: TextIO, fleet: Fleet) -> None:
        self._rows = csv.writer(stream, lineterminator="\n")
        self._names = fleet.names
        self._rows.writerow(_HEADER)

    def add(self, number: int, step: Step) -> None:
        """Write what became of an arrival."""
        node = self._names[step.taken.row] if step.taken else ""
        self._rows.writerow((number, node, "|".join(map(str, step.taken.columns)) if step.taken else ""))


@contextmanager
def whole_file(target: Path) -> Iterator[TextIO]:
    """Open a file beside the target that takes its place at the end, or is gone where something fails.

    Raises OSError, before anything else is done where the target cannot be written.
    """
    real = target.resolve()
    if real.exists() and not real.is_file():
        raise OSError(f"{target}: is no file, allowed: the name of one, new or old")
    beside = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        with _opened(beside, target) as stream:
            yield stream
        beside.replace(real)
    finally:
        beside.unlink(missing_ok=True)


def _opened(beside: Path, target: Path) -> TextIO:
    try:
        return beside.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise OSError(f"{target}: cannot be written: {error.strerror}") from error

"""Progress on standard error: one line that is written over on a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO, TypeVar

T = TypeVar("T")

_TERMINAL_SECONDS, _LOG_SECONDS = 0.2, 10.0


@dataclass
class Progress:
    """Says how many of so many are done."""

    total: int
    what: str = "arrivals"
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic

    def over(self, steps: Iterable[T]) -> Iterator[T]:
        """Yield the steps as they are, and tell of them."""
        seconds = _TERMINAL_SECONDS if self._is_terminal else _LOG_SECONDS
        due = self.clock() + seconds
        for done, step in enumerate(steps, start=1):
            yield step
            if self.clock() >= due:
                self._tell(done)
                due = self.clock() + seconds
        if self._is_terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    @property
    def _is_terminal(self) -> bool:
        return self.stream.isatty()

    def _tell(self, done: int) -> None:
        line = f"{done} of {self.total} {self.what}, {100 * done // self.total} %"
        self.stream.write(f"\r{line}\x1b[K" if self._is_terminal else f"{line}\n")
        self.stream.flush()

"""Duties: what a controller looks at again and again, and mends where it is not as it should be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

from cluster.api import ApiError
from controller.observers import Pass

FIRST_RETRY_SECONDS = 1.0

Observer = Callable[[Pass], None]


@dataclass(slots=True)
class Duty:
    """One duty: `look` returns what it changed, in words; `problem` is why its last ApiError was raised, or empty."""

    name: str
    look: Callable[[], Awaitable[list[str]]]
    interval_seconds: float
    observer: Observer
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    problem: str = "has not been looked at yet"
    _failures: int = 0

    async def run(self) -> None:
        """Look at every interval and whenever woken, for ever; after failures soon again, then less and less often."""
        while True:
            self.wake.clear()
            await self.step()
            await asyncio.sleep(0)  # who is woken in every step still lets others run
            # Not wait_for, which before Python 3.12 loses a cancellation that comes together with the waking.
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pause_seconds):
                    await self.wake.wait()

    async def step(self) -> None:
        """Look once."""
        began = perf_counter()
        changes: list[str] = []
        try:
            changes = await self.look()
        except ApiError as error:
            self.problem, self._failures = str(error), self._failures + 1
        else:
            self.problem, self._failures = "", 0
        self.observer(Pass(self.name, perf_counter() - began, tuple(changes), self.problem))

    @property
    def pause_seconds(self) -> float:
        """How long until the next look, unless woken."""
        if not self._failures:
            return self.interval_seconds
        return min(FIRST_RETRY_SECONDS * 2.0 ** min(self._failures - 1, 16), self.interval_seconds)

"""Work queues: names of objects that wait to be looked at, each once, paced one by one.

The behaviour of client-go's rate limited work queues, as the Kubernetes controllers have it: an object that is being
looked at is not looked at twice at once, one that changed meanwhile waits for another turn, one that failed waits ever
longer.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import NoReturn

from cluster.api import ApiError
from controller.observers import Pass
from controller.ports import Surroundings

Work = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class WorkPacing:
    """How long a key waits, in seconds; `chance` draws from [0, 1), `clock` never goes back.

    `least_seconds` lie between two looks at one object, and all are looked at again every `resync_seconds`.
    """

    least_seconds: float = 1.0
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 60.0
    resync_seconds: float = 300.0
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def retry_seconds(self, failures: int) -> float:
        """Return the pause after so many failures in a row: it doubles up to the longest, give or take a half."""
        steady = min(self.first_retry_seconds * 2.0 ** min(failures - 1, 32), self.longest_retry_seconds)
        return steady * (0.5 + self.chance())


STEADY = WorkPacing()

_LOG = logging.getLogger("berth.controller")


class WorkQueue:
    """Keys that wait for `work`, which returns what it changed, in words; `problems` is what it last raised, by key.

    Only a leader works; what changes meanwhile waits. Whoever becomes the leader looks at everything in `all_keys`.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        all_keys: Callable[[], Iterable[str]],
        surroundings: Surroundings,
        pacing: WorkPacing = STEADY,
    ) -> None:
        self.name = name
        self.problems: dict[str, str] = {}
        self._work = work
        self._all_keys = all_keys
        self._leadership = surroundings.leadership
        self._observer = surroundings.observer
        self._pacing = pacing
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._worked_at: dict[str, float] = {}
        self._woken = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many keys wait."""
        return len(self._due)

    def add(self, key: str) -> None:
        """Have an object looked at; one that failed waits for its turn all the same."""
        earliest = self._worked_at.get(key, -inf) + self._pacing.least_seconds
        self._due.setdefault(key, max(self._pacing.clock(), earliest))
        self._woken.set()

    def add_all(self) -> None:
        """Have every object looked at."""
        for key in self._all_keys():
            self.add(key)

    def forget(self, key: str) -> None:
        """Drop what is remembered of an object that is gone."""
        for each in (self.problems, self._failures, self._worked_at, self._due):
            each.pop(key, None)

    async def run(self) -> NoReturn:
        """Work for ever."""
        term = -1
        looked_at_all = -inf
        while True:
            await self._leadership.until_leading()
            outdated = self._pacing.clock() - looked_at_all >= self._pacing.resync_seconds
            if outdated or term != self._leadership.term:
                term, looked_at_all = self._leadership.term, self._pacing.clock()
                self.add_all()
            await self._step(looked_at_all + self._pacing.resync_seconds)

    async def _step(self, until: float) -> None:
        """Look at the object that is due, or wait for one."""
        now = self._pacing.clock()
        key = min(self._due, key=self._due.__getitem__, default=None)
        if key is not None and self._due[key] <= now:
            del self._due[key]
            await self._look(key)
            await asyncio.sleep(0)  # who has work for ever still lets others run
            return
        self._woken.clear()
        wait_seconds = (until if key is None else min(until, self._due[key])) - now
        # Not wait_for, which before Python 3.12 loses a cancellation that comes together with the waking.
        with suppress(TimeoutError):
            async with asyncio.timeout(max(wait_seconds, 0)):
                await self._woken.wait()

    async def _look(self, key: str) -> None:
        began = self._pacing.clock()
        self._worked_at[key] = began
        changes: list[str] = []
        problem = ""
        try:
            changes = await self._work(key)
        except ApiError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - one object that nobody foresaw must not end the work on all others.
            _LOG.exception("%s %s cannot be looked at", self.name, key)
            problem = f"{type(error).__name__}: {error}"
        self._reckon(key, problem)
        self._observer(Pass(self.name, self._pacing.clock() - began, tuple(changes), problem))

    def _reckon(self, key: str, problem: str) -> None:
        """Note how a look ended: a failed one is repeated after a pause."""
        if not problem:
            self.problems.pop(key, None)
            self._failures.pop(key, None)
            return
        self.problems[key] = problem
        self._failures[key] = self._failures.get(key, 0) + 1
        self._due[key] = self._pacing.clock() + self._pacing.retry_seconds(self._failures[key])

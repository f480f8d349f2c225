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
from heapq import heappop, heappush
from itertools import islice
from math import inf
from typing import NoReturn

from cluster.api import ApiError
from controller.observers import Pass
from controller.ports import NotLeadingError, Surroundings

Work = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class WorkPacing:
    """How long a key waits, in seconds; `chance` draws from [0, 1), `clock` never goes back.

    `least_seconds` lie between two looks at one object, and all are looked at again every `resync_seconds`; so many
    are looked at `at_once`.
    """

    least_seconds: float = 1.0
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 60.0
    resync_seconds: float = 300.0
    at_once: int = 1
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def retry_seconds(self, failures: int) -> float:
        """Return the pause after so many failures in a row: it doubles up to the longest, give or take a half."""
        steady = min(self.first_retry_seconds * 2.0 ** min(failures - 1, 32), self.longest_retry_seconds)
        return steady * (0.5 + self.chance())


STEADY = WorkPacing()

_LOG = logging.getLogger("berth.controller")


class Schedule:
    """Keys and when they are due, each once."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def put(self, key: str, at: float) -> None:
        """Have a key be due then, and at no other time."""
        self._due[key] = at
        heappush(self._heap, (at, key))

    @property
    def next_at(self) -> float:
        """When the next key is due, inf where there is none."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)  # it was put to another time
        return self._heap[0][0] if self._heap else inf

    def pop(self) -> str:
        """Take out the key that `next_at` is of."""
        _, key = heappop(self._heap)
        del self._due[key]
        return key


class WorkQueue:
    """Keys that wait for `work`, which returns what it changed, in words; `problems` is what it last raised, by key.

    It `has_looked` once a look came to its end, good or bad.
    Only a leader works; what changes meanwhile waits. Whoever becomes the leader looks at everything in `all_keys`.
    What is remembered of a key is what waits, what failed and what was looked at lately, so nothing grows with the
    names that come and go.
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
        self.has_looked = False
        self._work = work
        self._all_keys = all_keys
        self._leadership = surroundings.leadership
        self._observer = surroundings.observer
        self._pacing = pacing
        self._schedule = Schedule()
        self._failures: dict[str, int] = {}
        self._looked_at: dict[str, float] = {}
        self._under_way: set[str] = set()
        self._woken = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many keys wait."""
        return len(self._schedule)

    def add(self, key: str) -> None:
        """Have an object looked at; one that failed waits for its turn all the same."""
        if key not in self._schedule:
            self._wait(key, 0)

    def add_all(self) -> None:
        """Have every object looked at."""
        for key in self._all_keys():
            self.add(key)

    async def run(self) -> NoReturn:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pacing.at_once):
                group.create_task(self._serve())
            await self._look_at_all()

    async def _serve(self) -> NoReturn:
        """Look at one object after the other."""
        while True:
            await self._leadership.until_leading()
            await self._step()

    async def _look_at_all(self) -> NoReturn:
        """Have every object looked at as each term begins, and again and again."""
        term = -1
        while True:
            # Not wait_for, which before Python 3.12 loses a cancellation that comes together with what is waited for.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pacing.resync_seconds):
                    await self._leadership.until_leading(after=term)
            term = self._leadership.term
            self.add_all()

    async def _step(self) -> None:
        """Look at the object that is due, or wait for one."""
        seconds = self._schedule.next_at - self._pacing.clock()
        if seconds <= 0:
            await self._look_alone(self._schedule.pop())
            await asyncio.sleep(0)  # who has work for ever still lets others run
            return
        self._woken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == inf else seconds):
                await self._woken.wait()

    async def _look_alone(self, key: str) -> None:
        """Look at an object, or later where somebody still does."""
        if key in self._under_way:
            self._wait(key, self._pacing.least_seconds)
            return
        self._under_way.add(key)
        try:
            await self._look(key)
        finally:
            self._under_way.discard(key)

    async def _look(self, key: str) -> None:
        began = self._pacing.clock()
        self._note_look(key, began)
        changes: list[str] = []
        problem = ""
        try:
            changes = await self._work(key)
        except NotLeadingError:
            self.add(key)  # for the next term: it failed for a reason that lies not in itself
            return
        except ApiError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - one object that nobody foresaw must not end the work on all others.
            _LOG.exception("%s %s cannot be looked at", self.name, key)
            problem = f"{type(error).__name__}: {error}"
        self._note_look(key, self._pacing.clock())  # what is written at the end of two looks lies apart as well
        if key in self._schedule:
            self._wait(key, 0)
        self._reckon(key, problem)
        self._observer(Pass(self.name, self._pacing.clock() - began, tuple(changes), problem))

    def _note_look(self, key: str, now: float) -> None:
        """Note when a key is looked at, for as long as that keeps it waiting; the oldest looks stand first."""
        self._looked_at.pop(key, None)
        self._looked_at[key] = now
        for oldest, at in list(islice(self._looked_at.items(), 2)):
            if at + self._pacing.least_seconds <= now:
                del self._looked_at[oldest]

    def _reckon(self, key: str, problem: str) -> None:
        """Note how a look ended: a failed one is repeated after a pause."""
        self.has_looked = True
        if not problem:
            self.problems.pop(key, None)
            self._failures.pop(key, None)
            return
        self.problems[key] = problem
        self._failures[key] = self._failures.get(key, 0) + 1
        self._wait(key, self._pacing.retry_seconds(self._failures[key]))

    def _wait(self, key: str, seconds: float) -> None:
        """Have a key be looked at so much later, and not too soon after its last look."""
        earliest = self._looked_at.get(key, -inf) + self._pacing.least_seconds
        self._schedule.put(key, max(self._pacing.clock() + seconds, earliest))
        self._woken.set()

"""A model of leader election: replicas with clocks of their own, and calls that land, answer or get lost by order."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cluster.api import UNREACHABLE, ApiError
from cluster.leases import LeaseRecord, StandingLease
from controller.leading.leadership import Lease, LeaseTiming
from controller.observers import Attempt
from tests.extender.machine_clock import UnhurriedLoop

LOST = ApiError(UNREACHABLE, "Unreachable", "the API server does not answer")


class LeaseServer:
    """An API server with one Lease."""

    def __init__(self) -> None:
        self.standing: StandingLease | None = None
        self.writes = 0

    def read(self) -> StandingLease | None:
        """Return what stands."""
        return self.standing

    def write(self, record: LeaseRecord, version: str | None) -> StandingLease | None:
        """Write unless another version stands."""
        if version != (self.standing and self.standing.version):
            return None
        self.put(record)
        return self.standing

    def put(self, record: LeaseRecord) -> None:
        """Write whatever stands."""
        self.writes += 1
        self.standing = StandingLease(record, str(self.writes))


@dataclass(eq=False)
class Call:
    """A call that was sent: it lands once, and is answered with what it came to, or with an error."""

    effect: Callable[[], StandingLease | None]
    answer: asyncio.Future[StandingLease | None]
    landed: list[StandingLease | None] = field(default_factory=list)

    def land(self) -> None:
        """Let the server carry it out."""
        self.landed.append(self.effect())

    def reply(self) -> None:
        """Let its sender hear what it came to."""
        if not self.answer.done():
            self.answer.set_result(self.landed[0])

    def lose(self) -> None:
        """Let its sender give up; it may land all the same."""
        if not self.answer.done():
            self.answer.set_exception(LOST)


class Line:
    """A replica's way to the server: each call waits until somebody has it land and answers it."""

    def __init__(self, server: LeaseServer) -> None:
        self.server = server
        self.calls: list[Call] = []

    async def read(self) -> StandingLease | None:
        """Ask what stands."""
        return await self._ask(self.server.read)

    async def write(self, record: LeaseRecord, version: str | None) -> StandingLease | None:
        """Ask to write."""
        return await self._ask(lambda: self.server.write(record, version))

    async def _ask(self, effect: Callable[[], StandingLease | None]) -> StandingLease | None:
        call = Call(effect, asyncio.get_running_loop().create_future())
        self.calls.append(call)
        return await call.answer


class PromptLine:
    """A way to the server on which every call takes so many seconds, and none arrives while it `is_cut`."""

    def __init__(self, server: LeaseServer, seconds: float = 0.01) -> None:
        self.server = server
        self.seconds = seconds
        self.is_cut = False

    async def read(self) -> StandingLease | None:
        """Ask what stands."""
        await self._travel()
        return self.server.read()

    async def write(self, record: LeaseRecord, version: str | None) -> StandingLease | None:
        """Ask to write."""
        await self._travel()
        return self.server.write(record, version)

    async def _travel(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.is_cut:
            raise LOST


@dataclass(eq=False)
class Candidate:
    """One replica, what it does at the moment, and until when the writes that it was granted may land."""

    line: Line
    lease: Lease
    doing: asyncio.Task[None] | None = None
    granted_until: float = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether it does nothing."""
        return self.doing is None or self.doing.done()

    def begin(self, loop: asyncio.AbstractEventLoop, what: Coroutine[Any, Any, None]) -> None:
        """Have it do something."""
        self.doing = loop.create_task(what)


def timing(clock: Callable[[], float], chance: float = 0.5, duration: int = 15) -> LeaseTiming:
    """Return the timing of a replica with its clock; the time in the record is any."""

    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    return LeaseTiming(duration, lambda: chance, clock, now)


def untold(_: Attempt) -> None:
    """Tell nobody."""


def simulated(story: Coroutine[Any, Any, None]) -> None:
    """Let a story happen in no time, and end what it began."""

    async def whole() -> None:
        try:
            await story
        finally:
            begun = asyncio.all_tasks() - {asyncio.current_task()}
            for each in begun:
                each.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    with closing(UnhurriedLoop()) as loop:
        loop.run_until_complete(whole())

"""Leader election by a Lease, as client-go's leaderelection does it: of several replicas the one that holds it works.

Nobody compares clocks of two machines. A holder counts from the moment before it sent its last renewal, the others from
the moment after they saw it, each by its own clock; so the holder stops before the others may begin. A write names the
version that was read, and the API server refuses all but the first.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import NoReturn, Protocol

from cluster.api import ApiError
from cluster.leases import LeaseRecord, StandingLease
from controller.observers import Attempt

# The longest duration that the settings allow. A record that claims more is nobody's of ours, and is not believed.
LONGEST_SECONDS = 120

# What client-go leaves in a record that was released; it may not be 0.
RELEASED_SECONDS = 1

RELEASE_TIMEOUT_SECONDS = 3.0

# A pause may end a little early by the clock.
_CLOCK_SECONDS = 0.05

# The API has 32 bits for the count.
_TRANSITIONS = 2**31

_MISSED = (ApiError, TimeoutError, ValueError)


class Store(Protocol):
    """Where the Lease is kept; implemented by cluster.leases.StoredLease, in memory in tests."""

    async def read(self) -> StandingLease | None:
        """Return the record that stands, or None where there is none."""
        ...

    async def write(self, record: LeaseRecord, version: str | None) -> StandingLease | None:
        """Write over a version, or create; None where that is not what stands."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """How long a lease lasts without renewal, and what follows from it in the proportions of client-go's defaults.

    `chance` draws from [0, 1), `clock` never goes back, `now` tells the time that others read in the record.
    """

    duration_seconds: int = 15
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def renewed_within_seconds(self) -> float:
        """Whoever has not renewed for so long writes no more: what was sent then still has a third of the duration."""
        return self.duration_seconds * 2 / 3

    @property
    def sure_seconds(self) -> float:
        """How long a renewal surely holds: clocks differ in rate, and a server has requests that their client left."""
        return self.duration_seconds * 0.9

    @property
    def call_seconds(self) -> float:
        """How long a call may take: two that hang are survived."""
        return self.duration_seconds * 4 / 15

    def pause_seconds(self) -> float:
        """Return the pause between two attempts, spread so that replicas do not ask together."""
        return self.duration_seconds * 2 / 15 * (0.5 + self.chance() / 2)


class Lease:
    """The leadership that a Lease gives; `problem` is why the last attempt failed, empty where it did not."""

    def __init__(
        self, store: Store, identity: str, observer: Callable[[Attempt], None], timing: LeaseTiming | None = None
    ) -> None:
        self.term = 0
        self.problem = "not asked for yet"
        self._store = store
        self._identity = identity
        self._observer = observer
        self._timing = timing or LeaseTiming()
        self._record = LeaseRecord(lease_duration_seconds=RELEASED_SECONDS)
        self._version: str | None = None
        self._seen_at = -inf
        self._renewed_at = -inf
        self._renewed = asyncio.Event()

    @property
    def is_leading(self) -> bool:
        """Whether the lease was renewed lately enough to write."""
        return self._timing.clock() - self._renewed_at < self._timing.renewed_within_seconds

    @property
    def remaining_seconds(self) -> float:
        """How long surely nobody else takes the lease."""
        return max(self._renewed_at + self._timing.sure_seconds - self._timing.clock(), 0.0)

    async def until_leading(self, after: int = -1) -> None:
        """Return once this replica leads, in a later term than `after`."""
        while not self.is_leading or self.term <= after:
            self._renewed.clear()
            await self._renewed.wait()

    async def run(self) -> NoReturn:
        """Hold the lease for as long as possible; whoever is cancelled gives it back."""
        try:
            while True:
                await self.attempt()
                await asyncio.sleep(self._pause_seconds())
        finally:
            await self.release()

    async def attempt(self) -> None:
        """Take or renew the lease where that may be; a failure is told, and not raised."""
        try:
            async with asyncio.timeout(self._timing.call_seconds):
                await self._take_or_renew()
            self.problem = ""
        except _MISSED as error:
            self.problem = str(error) or "the API server does not answer in time"
        record = self._record
        seen = Attempt(self.is_leading, record.holder_identity or "", record.lease_transitions or 0, self.problem)
        self._observer(seen)

    async def release(self) -> None:
        """Stop leading at once, and let another replica begin before the lease ends."""
        self._renewed_at = -inf
        with suppress(*_MISSED):
            async with asyncio.timeout(RELEASE_TIMEOUT_SECONDS):
                # A renewal may have landed whose answer nobody waited for.
                await self._look()
                if self._is_own:
                    await self._store.write(self._released(), self._version)

    async def _take_or_renew(self) -> None:
        if self._is_own and await self._is_written():
            return
        await self._look()
        if self._is_own or self._others_seconds <= 0:
            await self._is_written()

    async def _look(self) -> None:
        standing = await self._store.read()
        if standing:
            self._see(standing)
        else:
            # Somebody deleted it. Whoever held it may not know yet, so what was seen of it counts on.
            self._version = None

    async def _is_written(self) -> bool:
        """Write the claim of this replica, and tell whether nobody wrote anything in between."""
        began = self._timing.clock()
        standing = await self._store.write(self._claim(), self._version)
        if standing is None:
            return False
        self._see(standing)
        if self._renewed_at == -inf:
            self.term += 1
        self._renewed_at = began
        self._renewed.set()
        return True

    def _see(self, standing: StandingLease) -> None:
        if standing.record != self._record:
            self._seen_at = self._timing.clock()
        self._record, self._version = standing
        if not self._is_own:
            self._renewed_at = -inf

    @property
    def _is_own(self) -> bool:
        return self._record.holder_identity == self._identity

    @property
    def _others_seconds(self) -> float:
        """How long somebody else may still write: whoever it is may hold it for as long as this replica would."""
        claimed = self._record.lease_duration_seconds or 0
        if not self._record.holder_identity and claimed == RELEASED_SECONDS:
            return 0.0
        lasting = min(max(claimed, self._timing.duration_seconds), LONGEST_SECONDS)
        return self._seen_at + lasting - self._timing.clock()

    def _pause_seconds(self) -> float:
        """Return the pause until the next attempt: no longer than somebody else's lease."""
        steady, others = self._timing.pause_seconds(), self._others_seconds
        return steady if self._is_own or others <= 0 else min(steady, others + _CLOCK_SECONDS)

    def _claim(self) -> LeaseRecord:
        now, old = self._now(), self._record
        duration = self._timing.duration_seconds
        if self._is_own:
            return LeaseRecord(self._identity, duration, old.acquire_time or now, now, old.lease_transitions or 0)
        transitions = 0 if old.lease_transitions is None else (old.lease_transitions + 1) % _TRANSITIONS
        return LeaseRecord(self._identity, duration, now, now, transitions)

    def _released(self) -> LeaseRecord:
        now = self._now()
        return LeaseRecord(None, RELEASED_SECONDS, now, now, self._record.lease_transitions)

    def _now(self) -> str:
        return self._timing.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""The gate that all writes of the controller pass: at a pace, and none that could land when another replica leads."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from cluster.api import ApiError
from controller.ports import Leadership, NotLeadingError

# The API server ends requests by itself after a minute.
LONGEST_SECONDS = 60.0

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Outcome(StrEnum):
    """What became of a write; `broken off` was one whose sender was stopped."""

    WRITTEN = "written"
    CONFLICT = "conflict"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_LEADING = "not_leading"
    BROKEN_OFF = "broken_off"


@dataclass
class Pace:
    """A token bucket: `burst` writes at once, then `per_second`; `clock` never goes back.

    It is kept as the moment at which the bucket is full again (the generic cell rate algorithm), and whoever waits has
    taken a token already, so that all have their turns in order.
    """

    per_second: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    _full_at: float = 0.0

    def take(self) -> float:
        """Take a token and return in how many seconds it is there."""
        now = self.clock()
        missing_seconds = max(self._full_at - now, 0.0)
        self._full_at = now + missing_seconds + 1 / self.per_second
        return max(missing_seconds - (self.burst - 1) / self.per_second, 0.0)


@dataclass(frozen=True)
class LeaderGate:
    """Admits writes at a pace, and only while this replica surely leads: each must end before another one could.

    `passed` counts writes by verb and outcome.
    """

    leadership: Leadership
    pace: Pace
    passed: Counter[tuple[str, Outcome]] = field(default_factory=Counter)

    @asynccontextmanager
    async def passage(self, method: str) -> AsyncIterator[float]:
        """Wait for a write's turn, and count how it ends. Raises NotLeadingError where this replica does not lead."""
        await asyncio.sleep(self.pace.take())
        outcome = Outcome.BROKEN_OFF
        try:
            yield self._granted_seconds()
            outcome = Outcome.WRITTEN
        except ApiError as error:
            outcome = _outcome(error)
            raise
        finally:
            self.passed[VERBS[method], outcome] += 1

    def _granted_seconds(self) -> float:
        if not self.leadership.is_leading:
            raise NotLeadingError
        return min(self.leadership.remaining_seconds, LONGEST_SECONDS)


def _outcome(error: ApiError) -> Outcome:
    if isinstance(error, NotLeadingError):
        return Outcome.NOT_LEADING
    if error.status == HTTPStatus.CONFLICT:
        return Outcome.CONFLICT
    is_refused = HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Outcome.REFUSED if is_refused else Outcome.FAILED

"""The outbox: writes to the API server that may wait, and may be lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from cluster.api import UNREACHABLE, ApiError
from cluster.writers import is_ending
from extender.inbox import Inbox

SIZE = 10_000
WORKERS = 4
RETRY_SECONDS = (0.5, 2.0, 8.0, 30.0)

_LOG = logging.getLogger("berth.extender")


class Sent(StrEnum):
    """What became of a write."""

    WRITTEN = "written"
    MOOT = "moot"  # The object is not there any more, or will not be, or what was to be written is there already.
    REFUSED = "refused"  # It will not be accepted the next time either.
    DROPPED = "dropped"  # It failed too often, or too many waited.


@dataclass(frozen=True, slots=True)
class Write:
    """One call of the API, what it is called in the log, and who is told what became of it."""

    subject: str
    call: Callable[[], Awaitable[None]]
    count: Callable[[Sent], None]


class Outbox:
    """Sends writes by a few workers; each is tried a few times, then dropped and counted. Raises nothing."""

    def __init__(self, retry_seconds: Sequence[float] = RETRY_SECONDS, size: int = SIZE) -> None:
        self._retry_seconds = retry_seconds
        self._writes: Inbox[str, Write] = Inbox(size)

    def post(self, write: Write) -> None:
        """Leave a write to be sent; one that waits under the same subject is replaced."""
        lost = self._writes.put(write.subject, write)
        if lost:
            lost.count(Sent.DROPPED)

    async def run(self) -> None:
        """Send for ever."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            write = await self._writes.take()
            write.count(await self._send(write))

    async def _send(self, write: Write) -> Sent:
        outcome = Sent.DROPPED
        for pause_seconds in (0, *self._retry_seconds):
            await asyncio.sleep(pause_seconds)
            try:
                await write.call()
            except ApiError as error:
                outcome = _outcome(error)
                _LOG.log(logging.DEBUG if outcome is Sent.MOOT else logging.WARNING, "%s: %s", write.subject, error)
            else:
                return Sent.WRITTEN
            if outcome is not Sent.DROPPED:
                break
        return outcome


def _outcome(error: ApiError) -> Sent:
    """Return what becomes of a write after this error, DROPPED where another try may help."""
    if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) or is_ending(error):
        return Sent.MOOT
    may_pass = (
        error.status in (UNREACHABLE, HTTPStatus.TOO_MANY_REQUESTS) or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    return Sent.DROPPED if may_pass else Sent.REFUSED

"""Writes that may wait, and the order in which what waits is taken."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from cluster.api import ApiError
from extender.inbox import Inbox
from extender.outbox import Outbox, Sent, Write

UNAVAILABLE = ApiError(503, "ServiceUnavailable", "try later")


@asynccontextmanager
async def sending(retry_seconds: tuple[float, ...] = (0, 0), size: int = 100) -> AsyncIterator[Outbox]:
    """Send what is posted until the end."""
    outbox = Outbox(retry_seconds, size)
    task = asyncio.create_task(outbox.run())
    yield outbox
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def failing(errors: list[ApiError]) -> tuple[Callable[[], Awaitable[None]], list[int]]:
    """Return a call that raises these errors one after the other, then works; and the list that counts the calls."""
    calls: list[int] = []

    async def call() -> None:
        calls.append(1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]

    return call, calls


@pytest.mark.parametrize(
    ("errors", "calls", "outcome"),
    [
        ([], 1, Sent.WRITTEN),
        ([UNAVAILABLE, ApiError(0, "Unreachable", "gone")], 3, Sent.WRITTEN),
        ([UNAVAILABLE] * 3, 3, Sent.DROPPED),
        ([ApiError(429, "TooManyRequests", "slow down")], 2, Sent.WRITTEN),
        ([ApiError(404, "NotFound", "no such pod")], 1, Sent.MOOT),
        ([ApiError(409, "AlreadyExists", "said already")], 1, Sent.MOOT),
        ([ApiError(403, "Forbidden", "not yours")], 1, Sent.REFUSED),
        ([ApiError(422, "Invalid", "what is that")], 1, Sent.REFUSED),
    ],
)
async def test_a_write_is_tried_again_where_that_may_help(errors: list[ApiError], calls: int, outcome: Sent) -> None:
    """Then it is dropped and counted; what will never be accepted is not tried twice."""
    call, called = failing(errors)
    ended: asyncio.Queue[Sent] = asyncio.Queue()

    async with sending() as outbox:
        outbox.post(Write("a write", call, ended.put_nowait))

        assert await ended.get() is outcome
    assert len(called) == calls


async def test_more_writes_than_may_wait_are_dropped_and_counted() -> None:
    """The oldest goes; memory is bounded however long the API server is away."""
    outcomes: list[Sent] = []
    outbox = Outbox(size=2)
    for index in range(3):
        outbox.post(Write(f"write {index}", failing([])[0], outcomes.append))

    assert outcomes == [Sent.DROPPED]


async def test_a_write_that_waits_is_replaced_by_a_newer_one_about_the_same() -> None:
    """What was to be said first is out of date."""
    said: asyncio.Queue[str] = asyncio.Queue()

    async def say(text: str) -> None:
        said.put_nowait(text)

    outbox = Outbox()
    outbox.post(Write("pod p", lambda: say("old"), lambda _: None))
    outbox.post(Write("pod p", lambda: say("new"), lambda _: None))
    task = asyncio.create_task(outbox.run())

    assert await said.get() == "new"
    assert said.empty()
    task.cancel()


async def test_an_inbox_gives_the_newest_of_each_key_in_the_order_of_keys() -> None:
    """What came first is taken first, as it is by then."""
    inbox: Inbox[str, int] = Inbox(3)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        inbox.put(key, value)
    inbox.drop("b")

    assert [await inbox.take(), await inbox.take()] == [3, 4]
    assert len(inbox) == 0


async def test_an_inbox_is_waited_for_until_something_comes() -> None:
    """Several may wait; each value goes to one of them."""
    inbox: Inbox[str, int] = Inbox(3)
    takers = [asyncio.create_task(inbox.take()) for _ in range(2)]
    await asyncio.sleep(0)
    inbox.put("a", 1)
    await asyncio.sleep(0.01)
    inbox.put("b", 2)

    assert sorted(await asyncio.gather(*takers)) == [1, 2]

"""Duties: when they look again, and what they tell of it."""

import asyncio
from collections.abc import Awaitable, Callable

from cluster.api import ApiError
from controller.duties import Duty
from controller.observers import Pass

AWAY = ApiError(0, "Unreachable", "the API server does not answer")


def failing(times: int) -> Callable[[], Awaitable[list[str]]]:
    """Return a look that fails so many times, and changes something from then on."""
    left = iter([AWAY] * times)

    async def look() -> list[str]:
        trouble = next(left, None)
        if trouble:
            raise trouble
        return ["mended"]

    return look


async def passes_of(duty: Duty, passes: asyncio.Queue[Pass], count: int) -> list[Pass]:
    """Run a duty until it has looked so many times."""
    running = asyncio.create_task(duty.run())
    async with asyncio.timeout(10):
        seen = [await passes.get() for _ in range(count)]
    running.cancel()
    await asyncio.wait([running], timeout=10)
    assert running.cancelled(), "the duty ended by something else, or lets nobody else run"
    return seen


async def test_a_failed_look_is_tried_again_and_its_reason_stands_until_then() -> None:
    """An API server that is away ends nothing; whoever asks for readiness is told."""
    passes: asyncio.Queue[Pass] = asyncio.Queue()
    duty = Duty("trust", failing(2), 0.01, passes.put_nowait)
    assert duty.problem == "has not been looked at yet"

    seen = await passes_of(duty, passes, 3)

    assert [each.problem for each in seen] == [str(AWAY), str(AWAY), ""]
    assert [each.changes for each in seen] == [(), (), ("mended",)]
    assert duty.problem == ""


async def test_a_duty_that_is_woken_looks_at_once() -> None:
    """A change is answered when it happens, not at the next interval."""
    passes: asyncio.Queue[Pass] = asyncio.Queue()
    wake = asyncio.Event()

    def wake_again(seen: Pass) -> None:
        passes.put_nowait(seen)
        wake.set()

    duty = Duty("conditions", failing(0), 3600, wake_again, wake=wake)

    assert len(await passes_of(duty, passes, 5)) == 5


async def test_pauses_grow_with_failures_up_to_the_interval() -> None:
    """A cluster in trouble is not asked more often than one that is well."""
    duty = Duty("trust", failing(99), 60, lambda _seen: None)
    pauses = []
    for _ in range(9):
        await duty.step()
        pauses.append(duty.pause_seconds)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_duty_that_is_woken_and_cancelled_at_once_ends() -> None:
    """A program that shuts down while something changes does not hang."""
    looked = asyncio.Event()
    duty = Duty("conditions", failing(0), 3600, lambda _seen: looked.set())
    running = asyncio.create_task(duty.run())
    await looked.wait()
    await asyncio.sleep(0)

    duty.wake.set()
    running.cancel()
    await asyncio.wait([running], timeout=10)

    assert running.cancelled()

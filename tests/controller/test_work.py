"""Work queues: what they look at when, and what becomes of what failed."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cluster.api import ApiError
from cluster.observers import SILENT
from controller.observers import Pass
from controller.ports import Alone, Leadership, Surroundings
from controller.work import Work, WorkPacing, WorkQueue

AWAY = ApiError(0, "Unreachable", "the API server does not answer")


class Reign:
    """A leadership that begins when the test says so."""

    def __init__(self) -> None:
        self.term = 0
        self.begun = asyncio.Event()

    async def until_leading(self) -> None:
        """Return once the test began it."""
        await self.begun.wait()


class Passes:
    """What a queue told, as the test waits for it."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[Pass] = asyncio.Queue()

    async def next(self, count: int = 1) -> list[Pass]:
        """Return so many looks."""
        async with asyncio.timeout(10):
            return [await self.seen.get() for _ in range(count)]


def queue_of(
    work: Work, passes: Passes, keys: tuple[str, ...] = (), leadership: Leadership | None = None, pacing: float = 0.01
) -> WorkQueue:
    """Return a queue at a quick pace."""
    surroundings = Surroundings(leadership or Alone(), lambda: datetime.now(UTC), passes.seen.put_nowait, SILENT)
    return WorkQueue("classes", work, lambda: keys, surroundings, WorkPacing(pacing, 0.01, 0.05, 3600))


@pytest.fixture
def passes() -> Passes:
    """Nothing told yet."""
    return Passes()


def failing(times: int) -> tuple[Work, Callable[[], int]]:
    """Return work that fails so many times, and how often it was done."""
    left = iter([AWAY] * times)
    done = []

    async def work(key: str) -> list[str]:
        done.append(key)
        trouble = next(left, None)
        if trouble:
            raise trouble
        return ["mended"]

    return work, lambda: len(done)


async def test_what_failed_is_tried_again_and_its_reason_stands_until_then(passes: Passes) -> None:
    """An API server that is away ends nothing; whoever asks for readiness is told."""
    work, _ = failing(2)
    queue = queue_of(work, passes, ("a",))
    running = asyncio.create_task(queue.run())

    first, second, third = await passes.next(3)

    assert [each.problem for each in (first, second, third)] == [str(AWAY), str(AWAY), ""]
    assert third.changes == ("mended",)
    assert queue.problems == {}
    running.cancel()


async def test_one_that_fails_keeps_none_of_the_others(passes: Passes) -> None:
    """Each object waits for itself alone, also where nobody foresaw what is wrong with it."""

    async def work(key: str) -> list[str]:
        if key == "bad":
            raise KeyError(key)
        return [key]

    queue = queue_of(work, passes, ("bad", "good", "well"))
    running = asyncio.create_task(queue.run())

    seen = await passes.next(3)

    assert [each.problem or each.changes for each in seen] == ["KeyError: 'bad'", ("good",), ("well",)]
    assert queue.problems == {"bad": "KeyError: 'bad'"}
    running.cancel()


async def test_an_object_that_changes_all_the_time_is_looked_at_at_its_pace(passes: Passes) -> None:
    """A hundred changes in a row are one look at once and one when the pace allows it."""
    work, count = failing(0)
    queue = queue_of(work, passes, pacing=0.3)
    running = asyncio.create_task(queue.run())
    queue.add("a")
    await passes.next()

    for _ in range(100):
        queue.add("a")
        await asyncio.sleep(0)
    assert count() == 1

    await passes.next()
    await asyncio.sleep(0.4)
    assert (count(), queue.depth) == (2, 0)
    running.cancel()


async def test_only_a_leader_works_and_a_new_one_looks_at_everything(passes: Passes) -> None:
    """What changed while another led waits; with a new term all is looked at."""
    work, count = failing(0)
    reign = Reign()
    queue = queue_of(work, passes, ("a", "b"), reign)
    running = asyncio.create_task(queue.run())
    queue.add("a")
    await asyncio.sleep(0.05)
    assert count() == 0

    reign.begun.set()
    await passes.next(2)
    reign.term += 1
    queue.add("a")
    await passes.next(2)

    assert count() == 4
    running.cancel()


def test_pauses_grow_up_to_the_longest() -> None:
    """And are spread, so that not everything is tried at once."""
    pacing = WorkPacing(chance=lambda: 0.5)

    assert [pacing.retry_seconds(each) for each in (1, 2, 3, 7, 99)] == [1, 2, 4, 60, 60]
    assert WorkPacing(chance=lambda: 0.0).retry_seconds(1) == 0.5

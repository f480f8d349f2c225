"""Work queues: what they look at when, and what becomes of what failed."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.api import ApiError
from cluster.observers import SILENT
from controller.observers import Pass
from controller.ports import Alone, Leadership, NotLeadingError, Surroundings
from controller.reconciling.work import Schedule, Work, WorkPacing, WorkQueue
from tests.controller.elections import simulated

AWAY = ApiError(0, "Unreachable", "the API server does not answer")


class Reign:
    """A leadership that begins and ends when the test says so."""

    def __init__(self) -> None:
        self.term = 0
        self.is_leading = False
        self.remaining_seconds = 10.0
        self._begun = asyncio.Condition()

    async def begin(self) -> None:
        """Begin a term."""
        async with self._begun:
            self.term += 1
            self.is_leading = True
            self._begun.notify_all()

    async def until_leading(self, after: int = -1) -> None:
        """Return once the test began a term after that."""
        async with self._begun:
            await self._begun.wait_for(lambda: self.is_leading and self.term > after)


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
    """What changed while another led waits; with a new term all is looked at, also by a queue that is idle."""
    work, count = failing(0)
    reign = Reign()
    queue = queue_of(work, passes, ("a", "b"), reign)
    running = asyncio.create_task(queue.run())
    queue.add("a")
    await asyncio.sleep(0.05)
    assert count() == 0

    await reign.begin()
    await passes.next(2)
    reign.is_leading = False
    await asyncio.sleep(0.05)
    assert count() == 2

    await reign.begin()
    await passes.next(2)

    assert count() == 4
    running.cancel()


async def test_who_loses_the_lead_in_the_middle_of_a_look_repeats_it_in_the_next_term(passes: Passes) -> None:
    """That is no failure of the object: nothing is counted, nothing stands against readiness, no pause grows."""
    reign = Reign()
    await reign.begin()
    looks = []

    async def work(key: str) -> list[str]:
        looks.append(key)
        reign.is_leading = reign.is_leading and len(looks) > 1
        if not reign.is_leading:
            raise NotLeadingError
        return ["written"]

    queue = queue_of(work, passes, (), reign)
    running = asyncio.create_task(queue.run())
    queue.add("gone by the next term")
    await asyncio.sleep(0.05)
    assert (len(looks), queue.problems, queue.depth, passes.seen.empty()) == (1, {}, 1, True)

    await reign.begin()
    (seen,) = await passes.next()

    assert (seen.changes, seen.problem) == (("written",), "")
    running.cancel()


NAMES = st.sampled_from("abc")
# Exact in binary, because time stands still in simulation for whoever waits less than a timer tells apart.
SECONDS = st.integers(0, 192).map(lambda each: each / 64)
CHANGES = st.lists(st.tuples(SECONDS, NAMES), min_size=1, max_size=30)
FATES = st.lists(st.tuples(SECONDS, st.booleans()), max_size=40)


@settings(max_examples=50)
@given(CHANGES, FATES, st.integers(8, 128).map(lambda each: each / 64))
def test_every_change_is_looked_at_later_and_nothing_twice_at_once(
    changes: list[tuple[float, str]], fates: list[tuple[float, bool]], least: float
) -> None:
    """However long a look takes, however it ends, and however objects change meanwhile."""
    looks: list[tuple[str, float, float, bool]] = []
    changed_at: dict[str, float] = {}

    async def story() -> None:
        clock = asyncio.get_running_loop().time
        left = iter(fates)

        async def work(key: str) -> list[str]:
            began = clock()
            seconds, is_good = next(left, (0.0, True))
            await asyncio.sleep(seconds)
            looks.append((key, began, clock(), is_good))
            if is_good:
                return []
            raise AWAY

        surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), lambda _: None, SILENT)
        pacing = WorkPacing(least, 1, 60, 1e9, 2, lambda: 0.5, clock)
        queue = WorkQueue("classes", work, tuple, surroundings, pacing)
        running = asyncio.create_task(queue.run())
        for pause, key in changes:
            await asyncio.sleep(pause)
            queue.add(key)
            changed_at[key] = clock()
        await asyncio.sleep(10_000)
        assert (queue.depth, queue.problems, running.done()) == (0, {}, False)

    simulated(story())
    for key, at in changed_at.items():
        own = [each for each in looks if each[0] == key]
        assert any(began >= at and is_good for _, began, _, is_good in own)
        for (_, earlier, ended, _), (_, later, _, _) in pairwise(own):
            assert later >= ended
            assert later - earlier >= least - 1e-9


def test_nothing_is_left_of_names_that_come_and_go() -> None:
    """A controller that runs for months under churn stays as small as it was."""

    async def story() -> None:
        clock = asyncio.get_running_loop().time

        async def work(key: str) -> list[str]:
            if int(key) % 7 == 0 and clock() < 1500:
                raise AWAY
            return []

        surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), lambda _: None, SILENT)
        queue = WorkQueue("nodes", work, tuple, surroundings, WorkPacing(chance=lambda: 0.5, clock=clock))
        running = asyncio.create_task(queue.run())
        for name in range(1, 1500):
            queue.add(str(name))
            queue.add("0")
            await asyncio.sleep(1)
        await asyncio.sleep(300)
        assert weight(queue) < 50
        assert not running.done()

    simulated(story())


def weight(part: object) -> int:
    """Return how many entries all collections of an object have."""
    held = vars(part).values()
    inner = sum(weight(each) for each in held if isinstance(each, Schedule))
    return inner + sum(len(each) for each in held if isinstance(each, dict | list | set))


SCHEDULE_STEPS = st.lists(st.one_of(st.tuples(NAMES, st.integers(0, 9)), st.none()))


@given(SCHEDULE_STEPS)
def test_a_schedule_has_each_key_once_and_the_earliest_first(steps: list[tuple[str, int] | None]) -> None:
    """As a table of keys and times that is searched does."""
    schedule = Schedule()
    table: dict[str, float] = {}
    for step in steps:
        if step:
            table[step[0]] = step[1]
            schedule.put(*step)
        elif table:
            key = min(table, key=lambda each: (table[each], each))
            assert (schedule.next_at, schedule.pop()) == (table.pop(key), key)
        assert len(schedule) == len(table)
        assert schedule.next_at == min(table.values(), default=inf)
        assert all((each in schedule) == (each in table) for each in "abc")


def test_pauses_grow_up_to_the_longest() -> None:
    """And are spread, so that not everything is tried at once."""
    pacing = WorkPacing(chance=lambda: 0.5)

    assert [pacing.retry_seconds(each) for each in (1, 2, 3, 7, 99)] == [1, 2, 4, 60, 60]
    assert WorkPacing(chance=lambda: 0.0).retry_seconds(1) == 0.5

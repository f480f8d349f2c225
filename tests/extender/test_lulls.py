"""What may wait until kube-scheduler pauses, and how long it does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from extender.lulls import Lulls


async def _order(lulls: Lulls, asking: Callable[[list[str]], Coroutine[Any, Any, None]]) -> list[str]:
    """Return in which order a lull comes and questions fall."""
    told: list[str] = []

    async def wait() -> None:
        await lulls.come()
        told.append("lull")

    lulls.asked()
    async with asyncio.TaskGroup() as group:
        group.create_task(wait())
        group.create_task(asking(told))
    return told


async def test_it_comes_after_the_last_question_of_a_burst() -> None:
    """Though it was waited for from the beginning."""
    lulls = Lulls(quiet_seconds=0.5, most_seconds=600)

    async def burst(told: list[str]) -> None:
        for _ in range(20):
            await asyncio.sleep(0.01)
            lulls.asked()
            told.append("question")

    assert await _order(lulls, burst) == ["question"] * 20 + ["lull"]


async def test_without_one_the_wait_ends() -> None:
    """Where pods are asked about for ever their annotations come all the same."""
    lulls = Lulls(quiet_seconds=600, most_seconds=0.05)

    async def burst(told: list[str]) -> None:
        while "lull" not in told:
            lulls.asked()
            await asyncio.sleep(0.01)

    assert await _order(lulls, burst) == ["lull"]


async def test_where_nobody_asks_there_is_one() -> None:
    """As at the start."""
    async with asyncio.timeout(30):
        await Lulls(quiet_seconds=600, most_seconds=600).come()

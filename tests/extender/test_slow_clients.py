"""Clients that send or take slowly, or leave in the middle: given up in time, counted, and nobody waits for them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from extender.wire import MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE
from intake.bodies import Bodies
from tests.builders import H100, node
from tests.extender.known import args, known
from tests.extender.lagging import until
from tests.extender.served import Served, answer, connected, head, is_well, refusals, serving

# Nobody waits for a slow client for long here.
SOON_SECONDS = 0.2


@pytest.fixture
async def hasty() -> AsyncIterator[Served]:
    """An extender that waits for nobody."""
    bodies = Bodies(MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE, SOON_SECONDS)
    async with serving(known(node("free", H100)), bodies, SOON_SECONDS, take_seconds=SOON_SECONDS) as running:
        yield running


@pytest.fixture
async def patient() -> AsyncIterator[Served]:
    """An extender that waits for as long as it does."""
    async with serving(known(node("free", H100))) as running:
        yield running


async def test_a_half_sent_body_is_given_up(hasty: Served) -> None:
    """Its sender is told so and left; others are answered meanwhile."""
    async with connected(hasty) as (reader, writer):
        writer.write(head(Content_Length=1000) + b'{"Pod": ')
        assert await is_well(hasty)
        status, content = await answer(reader)

    assert (status, content) == (408, {"error": "the body did not arrive within 0.2 s"})
    assert refusals(hasty, "too_slow") == 1
    assert hasty.bodies.under_way == 0


async def test_a_client_that_sends_byte_by_byte_gains_no_time(hasty: Served) -> None:
    """The time is that of the whole body."""
    async with connected(hasty) as (reader, writer):
        writer.write(head(Content_Length=1000))
        waiting = asyncio.create_task(answer(reader))
        while not waiting.done():
            writer.write(b" ")
            await asyncio.sleep(SOON_SECONDS / 20)

    assert waiting.result()[0] == 408
    assert await is_well(hasty)


async def test_a_half_sent_head_is_given_up(hasty: Served) -> None:
    """Without a word: nobody knows what it would have been."""
    async with connected(hasty) as (reader, writer):
        writer.write(head(Content_Length=1000)[:-2] + b"X-More: ")
        assert await is_well(hasty)
        assert await reader.read() == b""


async def test_a_client_that_leaves_in_the_middle_is_no_failure_of_ours(
    patient: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted apart, and the log has one line of it."""
    async with connected(patient) as (_, writer):
        writer.write(head(Content_Length=1000) + b'{"Pod": ')
        await writer.drain()
        await until(lambda: patient.bodies.under_way > 0)
    await until(lambda: refusals(patient, "broken_off") > 0)

    assert refusals(patient, "failed") == 0
    assert patient.bodies.under_way == 0
    assert [each.exc_info for each in caplog.records if each.levelno >= logging.WARNING] == [None]
    assert await is_well(patient)


async def test_a_client_that_takes_no_answer_is_left(hasty: Served) -> None:
    """Else each would hold its answer for ever."""
    names = [f"{index:06}{'x' * 200}" for index in range(20_000)]
    shares = args(names, {"metadata": {"uid": "u"}, "spec": {"containers": [_asking_shares()]}})
    async with connected(hasty) as (_, writer):
        for _ in range(4):
            writer.write(head(Content_Length=len(shares)) + shares)
        await until(lambda: refusals(hasty, "not_taken", "other") > 0)

    assert await is_well(hasty)


def _asking_shares() -> Any:
    return {"name": "engine", "resources": {"limits": {"berth.ome.io/gpu-milli": "100"}}}


async def test_more_bodies_than_there_is_memory_for_are_refused() -> None:
    """Slow clients may fill what is there, until they leave or their time is over."""
    bodies = Bodies(5000, 2000)
    async with serving(known(node("free", H100)), bodies) as served:
        async with connected(served) as (_, first), connected(served) as (reader, second):
            first.write(head(Content_Length=5000) + b" " * 1900)
            await until(lambda: bodies.under_way == 1900)
            second.write(head(Content_Length=5000) + b" " * 1900)
            status, content = await answer(reader)
        await until(lambda: not bodies.under_way)

        assert (status, content["error"].endswith("ask again later")) == (503, True)
        assert refusals(served, "busy") == 1
        assert await is_well(served)


async def test_more_requests_than_can_be_under_way_are_refused() -> None:
    """At once, without a look at them."""
    async with serving(known(node("free", H100)), max_at_once=1) as served:
        async with connected(served) as (_, writer):
            writer.write(head(Content_Length=5000) + b" ")
            await until(lambda: served.bodies.under_way > 0)
            status, content = await served.ask("filter", args(["free"]))
        await until(lambda: not served.bodies.under_way)

        assert (status, content["error"].endswith("ask again later")) == (503, True)
        assert refusals(served, "busy", "other") == 1
        assert await is_well(served)

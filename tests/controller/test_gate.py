"""The gate of all writes: at a pace, by a leader alone, and over before another one could lead."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from cluster.api import Api, ApiError
from controller.leading.gate import LeaderGate, Pace
from controller.ports import Alone, Leadership, NotLeadingError
from tests.cluster.scripted_server import ScriptedServer, body, refusal, thing, write_kubeconfig

PATH = "/api/v1/nodes/a"


class Reign:
    """A leadership for so many seconds more."""

    term = 1

    def __init__(self, *, is_leading: bool, seconds: float) -> None:
        self.is_leading = is_leading
        self.remaining_seconds = seconds

    async def until_leading(self, after: int = -1) -> None:
        """Return at once where this replica leads."""
        if not self.is_leading or after >= self.term:
            await asyncio.Event().wait()


@pytest.fixture
async def api(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Api]:
    """The scripted server's API, without a gate."""
    async with Api.connect(write_kubeconfig(tmp_path / "kubeconfig", server.url, {})) as connected:
        yield connected


def gate_of(leadership: Leadership, per_second: float = 1000.0, burst: int = 1000) -> LeaderGate:
    """Return a gate, wide open where no pace is given."""
    return LeaderGate(leadership, Pace(per_second, burst))


async def test_who_does_not_lead_reads_and_writes_nothing(server: ScriptedServer, api: Api) -> None:
    """The API server hears of no write."""
    server.script = [body(thing("a"))]
    gate = gate_of(Reign(is_leading=False, seconds=3))
    gated = api.behind(gate)

    assert await gated.get(PATH)
    for write in (gated.create(PATH, {}), gated.replace(PATH, {}), gated.delete(PATH)):
        with pytest.raises(NotLeadingError, match="NotLeading: this replica does not hold the lease"):
            await write

    assert [each.method for each in server.requests] == ["GET"]
    assert gate.passed == {(verb, "not_leading"): 1 for verb in ("create", "update", "delete")}


async def test_a_write_ends_before_another_replica_could_lead(server: ScriptedServer, api: Api) -> None:
    """Here and, by its own parameter, in the API server."""
    gate = gate_of(Reign(is_leading=True, seconds=0.2))

    with pytest.raises(ApiError, match="does not answer: TimeoutError"):
        await api.behind(gate).delete(PATH)

    assert server.queries == [{"timeout": "0.200s"}]
    assert gate.passed == {("delete", "failed"): 1}


async def test_writes_are_counted_by_what_became_of_them(server: ScriptedServer, api: Api) -> None:
    """In words that an alert can use."""
    answers = [body(thing("a")), refusal(409, "Conflict"), refusal(403, "Forbidden"), refusal(500, "InternalError")]
    server.script = list(answers)
    gate = gate_of(Alone())
    for _ in answers:
        await asyncio.gather(api.behind(gate).create(PATH, {}), return_exceptions=True)

    assert gate.passed == {("create", each): 1 for each in ("written", "conflict", "refused", "failed")}
    assert server.queries[0] == {"timeout": "60.000s"}


async def test_a_write_whose_sender_was_stopped_is_counted_too(server: ScriptedServer, api: Api) -> None:
    """Nobody knows whether it landed."""
    arrived = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        arrived.set()
        await asyncio.sleep(60)
        raise AssertionError

    server.script = [silent]
    gate = gate_of(Alone())
    writing = asyncio.create_task(api.behind(gate).delete(PATH))
    await arrived.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert gate.passed == {("delete", "broken_off"): 1}


async def test_writes_wait_for_their_turn(server: ScriptedServer, api: Api) -> None:
    """A burst goes at once, what comes beside it at the pace, and who lost the lead meanwhile does not write."""
    server.script = [body(thing("a"))] * 3
    reign = Reign(is_leading=True, seconds=3)
    gated = api.behind(gate_of(reign, per_second=5, burst=2))

    await asyncio.gather(gated.delete(PATH), gated.delete(PATH))
    waiting = asyncio.create_task(gated.delete(PATH))
    await asyncio.sleep(0.05)
    assert len(server.requests) == 2
    reign.is_leading = False
    with pytest.raises(NotLeadingError):
        await waiting

    assert len(server.requests) == 2


@given(st.floats(0.1, 100), st.integers(1, 50), st.lists(st.floats(0, 5), min_size=1, max_size=100))
def test_no_time_sees_more_writes_than_burst_and_pace(rate: float, burst: int, pauses: list[float]) -> None:
    """Writes have their turns in order, and what is left after a pause is at once."""
    now = 0.0
    pace = Pace(rate, burst, lambda: now)
    turns = []
    for pause in pauses:
        now += pause
        turns.append(now + pace.take())

    assert all(earlier <= later + 1e-9 for earlier, later in pairwise(turns))
    for first, begin in enumerate(turns):
        for last in range(first, len(turns)):
            assert last - first + 1 <= burst + (turns[last] - begin) * rate + 1e-6
    now += burst / rate + turns[-1]
    assert max(pace.take() for _ in range(burst)) < 1e-9
    assert pace.take() > 0

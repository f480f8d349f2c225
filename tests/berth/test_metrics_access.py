"""Whose question about metrics reaches the API server, and how often."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from berth.metrics_access import ASKED_AT_ONCE, MAX_REMEMBERED, REMEMBERED_SECONDS, Readers
from cluster.api import Api
from tests.cluster.recorders import until
from tests.cluster.scripted_server import ScriptedServer, body, refusal, write_kubeconfig

KNOWN = body({"status": {"authenticated": True, "user": {"username": "prometheus", "groups": ["g"], "uid": "1"}}})
UNKNOWN = body({"status": {"error": "no such token"}})
MAY = body({"status": {"allowed": True}})


@pytest.fixture
async def api(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Api]:
    """The scripted server's API."""
    async with Api.connect(write_kubeconfig(tmp_path / "kubeconfig", server.url, {})) as connected:
        yield connected


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


async def status(readers: Readers, token: str) -> int:
    """Return what somebody with a token is answered."""
    try:
        await readers.admit(make_mocked_request("GET", "/metrics", {"Authorization": f"Bearer {token}"}))
    except web.HTTPException as refused:
        return refused.status
    return HTTPStatus.OK


async def test_an_answer_holds_for_a_minute(api: Api, server: ScriptedServer) -> None:
    """A right that was taken away is gone after that."""
    clock = Clock()
    readers = Readers(api, clock)
    server.script = [KNOWN, MAY, KNOWN, body({"status": {"allowed": False}})]

    assert [await status(readers, "t"), await status(readers, "t")] == [200, 200]
    assert len(server.requests) == 2
    clock.now = REMEMBERED_SECONDS + 1
    assert await status(readers, "t") == 403
    assert b'"user": "prometheus"' in server.bodies[1]


async def test_each_token_is_judged_for_itself(api: Api, server: ScriptedServer) -> None:
    """One that the API server does not know is remembered as well."""
    readers = Readers(api)
    server.script = [UNKNOWN, KNOWN, MAY]

    assert [await status(readers, each) for each in ("a", "a", "b", "a", "b")] == [401, 401, 200, 401, 200]
    assert len(server.requests) == 3


async def test_strangers_do_not_have_a_reader_forgotten(api: Api, server: ScriptedServer) -> None:
    """However many tokens they make up one after the other."""
    readers = Readers(api)
    server.script = [KNOWN, MAY, *[UNKNOWN] * (MAX_REMEMBERED + 1)]

    assert await status(readers, "t") == 200
    assert {await status(readers, str(index)) for index in range(MAX_REMEMBERED + 1)} == {401}
    assert await status(readers, "t") == 200
    assert len(server.requests) == MAX_REMEMBERED + 3


@pytest.mark.parametrize(
    "answer", [refusal(500, "InternalError"), body([]), body({"status": []})], ids=["error", "list", "odd"]
)
async def test_a_broken_answer_lets_nobody_read_and_is_not_remembered(
    api: Api, server: ScriptedServer, answer: object
) -> None:
    """The next one asks again."""
    readers = Readers(api)
    server.script = [answer, KNOWN, MAY]  # type: ignore[list-item]

    assert [await status(readers, "t"), await status(readers, "t")] == [503, 200]


async def test_an_api_server_that_hangs_is_not_waited_for(api: Api, server: ScriptedServer) -> None:
    """Whoever asks is told so, and others may ask as soon as it answers again."""
    readers = Readers(api, ask_seconds=0.1)

    async with asyncio.timeout(5):
        assert {await status(readers, "t") for _ in range(ASKED_AT_ONCE + 1)} == {503}
    server.script = [KNOWN, MAY]
    assert await status(readers, "t") == 200


async def test_strangers_cannot_have_the_api_server_asked_without_end(api: Api, server: ScriptedServer) -> None:
    """However many tokens they make up at a time."""
    readers = Readers(api)
    asked = [asyncio.create_task(status(readers, str(index))) for index in range(50)]
    await until(lambda: len(server.requests) == ASKED_AT_ONCE)
    done, waiting = await asyncio.wait(asked, timeout=0)

    assert {each.result() for each in done} == {503}
    assert len(waiting) == len(server.requests) == ASKED_AT_ONCE
    for each in waiting:
        each.cancel()

"""Nodes that cannot be written, beside others that can."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api, ApiError
from controller.reconciling.events import Events
from controller.sharing.offers import Offer
from controller.sharing.shares import SharedNodes
from placement.keys import SHARED
from placement.shares import SHARES
from tests.cluster.scripted_server import ScriptedServer, serving, write_kubeconfig


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """An API server without pods that refuses to write nodes whose names begin with `bad`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"items": []})
        name = request.path.split("/")[4]
        if name.startswith("bad"):
            refusal = {"kind": "Status", "reason": "Forbidden", "message": f"{name} is denied"}
            return web.json_response(refusal, status=403)
        amounts = {SHARES: "2k"}
        status = {"capacity": amounts, "allocatable": amounts}
        return web.json_response({"metadata": {"name": name, "labels": {SHARED: "2"}}, "status": status})

    async with serving() as scripted:
        scripted.script = [answer] * 100
        yield scripted


@pytest.fixture
async def nodes(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[SharedNodes]:
    """Nodes that nobody has seen yet."""
    async with Api.connect(write_kubeconfig(tmp_path / "kubeconfig", server.url, {})) as api:
        yield SharedNodes(api, Events(api, lambda: datetime.now(UTC)))


def see(nodes: SharedNodes, *names: str) -> None:
    """Let nodes be seen that wish to offer two devices in shares."""
    for name in names:
        nodes.apply(Offer(name, name, "2", 2, None, None, ()))


def written(server: ScriptedServer) -> list[str]:
    """Return the nodes that somebody tried to write."""
    return [each.path.split("/")[4] for each in server.requests if each.method == "PATCH"]


async def test_a_node_that_cannot_be_written_keeps_shares_from_no_other(
    server: ScriptedServer, nodes: SharedNodes
) -> None:
    """It is tried again with the next look, the others are not."""
    see(nodes, "bad", "good", "well")

    async def problem_of(name: str) -> str:
        try:
            await nodes.settle(name)
        except ApiError as error:
            return str(error)
        return ""

    assert [await problem_of(each) for each in nodes.names] == ["403 Forbidden: bad is denied", "", ""]
    assert written(server) == ["bad", "good", "well"]

    assert [await problem_of(each) for each in nodes.names] == ["403 Forbidden: bad is denied", "", ""]
    assert written(server)[3:] == ["bad"]

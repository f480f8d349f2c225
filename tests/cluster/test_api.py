from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api, ApiError, NotConfiguredError, PatchKind
from tests.cluster.scripted_server import (
    ScriptedServer,
    body,
    broken_watch,
    refusal,
    thing,
    watch,
    write_kubeconfig,
)


async def lines_of(stream: AsyncIterator[bytes]) -> list[bytes]:
    """Return every line."""
    return [line async for line in stream]


async def test_an_object_is_returned_as_the_bytes_that_the_server_sent(server: ScriptedServer, api: Api) -> None:
    """Nothing decodes and encodes an object on its way, whatever its query says."""
    server.script = [body(thing("a"))]

    got = await api.get("/api/v1/pods", {"fieldSelector": "status.phase!=Failed,spec.nodeName=a b"})

    assert got == b'{"metadata": {"name": "a", "resourceVersion": "1"}}'
    assert server.queries == [{"fieldSelector": "status.phase!=Failed,spec.nodeName=a b"}]


async def test_a_refusal_says_what_the_server_said(server: ScriptedServer, api: Api) -> None:
    """Status, reason and message of a Status object arrive in the error."""
    server.script = [refusal(409, "Conflict")]

    with pytest.raises(ApiError, match="409 Conflict: because of Conflict") as raised:
        await api.create("/api/v1/pods", {"kind": "Pod"})

    assert (raised.value.status, raised.value.reason) == (409, "Conflict")


async def test_a_refusal_without_a_status_object_keeps_its_text(server: ScriptedServer, api: Api) -> None:
    """A proxy in between answers in plain text."""

    async def plain(_: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="no upstream")

    server.script = [plain]

    with pytest.raises(ApiError, match="502 Bad Gateway: no upstream"):
        await api.get("/api/v1/pods")


async def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    """Callers need know no other error than ApiError."""
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", {})

    async with Api.connect(kubeconfig) as api:
        with pytest.raises(ApiError, match="Unreachable") as raised:
            await api.get("/api/v1/pods")

    assert raised.value.status == 0


@pytest.mark.parametrize("kind", PatchKind)
async def test_a_patch_is_sent_as_its_kind(server: ScriptedServer, api: Api, kind: PatchKind) -> None:
    """The API server reads the kind of a patch in the content type alone."""
    patch = [{"op": "add", "path": "/a", "value": 1}] if kind is PatchKind.JSON else {"a": 1}
    server.script = [body({})]

    await api.patch("/api/v1/pods/a", patch, kind, {"fieldManager": "berth"})

    assert server.requests[0].headers["Content-Type"] == kind.value
    assert server.requests[0].query["fieldManager"] == "berth"


async def test_a_body_may_be_json_bytes(server: ScriptedServer, api: Api) -> None:
    """Bytes are sent as the object that they spell."""
    server.script = [body({})]

    await api.replace("/api/v1/pods/a", b'{"kind":"Pod"}')

    assert server.bodies == [b'{"kind": "Pod"}']


async def test_a_token_that_has_expired_is_read_anew(server: ScriptedServer, tmp_path: Path) -> None:
    """A token that changes in its file while the program runs costs one extra request."""
    token = tmp_path / "token"
    token.write_text("old")
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url, {"tokenFile": str(token)})
    server.script = [refusal(401, "Unauthorized"), body(thing("a"))]

    async with Api.connect(kubeconfig) as api:
        token.write_text("new")
        await api.get("/api/v1/pods/a")

    assert [request.headers["Authorization"] for request in server.requests] == ["Bearer old", "Bearer new"]


async def test_a_token_that_stays_refused_is_an_error(server: ScriptedServer, api: Api) -> None:
    """Reading credentials anew happens once."""
    server.script = [refusal(401, "Unauthorized"), refusal(401, "Unauthorized")]

    with pytest.raises(ApiError, match="401"):
        await api.get("/api/v1/pods/a")


async def test_lines_of_a_watch_may_come_in_any_pieces(server: ScriptedServer, api: Api) -> None:
    """A line that is cut by the network arrives whole, one that the end of the connection cuts does not arrive."""
    long = b"x" * 3_000_000
    server.script = [watch(b'{"a"', b':1}\n{"b":2}\n\n' + long, long + b"\n", b'{"cut":')]

    lines = await lines_of(api.stream("/api/v1/pods", {"watch": "true"}))

    assert lines == [b'{"a":1}', b'{"b":2}', long + long]


async def test_a_watch_that_is_silent_for_too_long_ends(server: ScriptedServer, api: Api) -> None:
    """A connection that died without a word is noticed; a quiet one is opened again, which costs little."""
    server.script = [watch(b"{}\n", is_endless=True)]

    assert await lines_of(api.stream("/api/v1/pods", {}, silence_seconds=0.05)) == [b"{}"]


async def test_a_watch_whose_connection_breaks_fails(server: ScriptedServer, api: Api) -> None:
    """What came before the break was yielded."""
    server.script = [broken_watch(b'{"a":1}\n')]
    lines = api.stream("/api/v1/pods", {})

    assert await anext(lines) == b'{"a":1}'
    with pytest.raises(ApiError, match="Unreachable"):
        await anext(lines)


async def test_a_kubeconfig_that_is_missing_is_named(tmp_path: Path) -> None:
    """The message says that it does not exist, and not what is missing in it."""
    with pytest.raises(NotConfiguredError, match=r"the kubeconfig \S*/nowhere does not exist"):
        async with Api.connect(tmp_path / "nowhere"):
            pass


@pytest.mark.parametrize("text", ["{", "", "[1]", "a: b"])
async def test_a_kubeconfig_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    """A broken or empty file does not end in a stack trace of its reader."""
    (tmp_path / "broken").write_text(text)

    with pytest.raises(NotConfiguredError, match="broken"):
        async with Api.connect(tmp_path / "broken"):
            pass

"""A small API server on loopback that answers by a script, and what it says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedServer:
    """Gives one answer of its script after the other, whatever is asked; after the last it keeps silent for ever."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.url = ""

    @property
    def queries(self) -> list[dict[str, str]]:
        """The query parameters of each request."""
        return [dict(request.query) for request in self.requests]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        turn = self.script.pop(0) if self.script else watch(is_endless=True)
        return await turn(request)


@asynccontextmanager
async def serving() -> AsyncIterator[ScriptedServer]:
    """Serve on a port of the kernel's choice."""
    scripted = ScriptedServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", scripted.answer)
    async with TestServer(application) as server:
        scripted.url = str(server.make_url("/")).rstrip("/")
        yield scripted


def write_kubeconfig(path: Path, url: str, user: Mapping[str, str]) -> Path:
    """Write a kubeconfig for a server without TLS."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "test", "user": dict(user)}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.write_text(json.dumps(content))
    return path


def thing(name: str, version: str = "1", **content: Any) -> dict[str, Any]:
    """Return an object of no particular kind."""
    return {"metadata": {"name": name, "resourceVersion": version}, **content}


def listing(*items: Any, version: str, more: str = "") -> Answer:
    """Answer with a page of a list."""
    return body({"metadata": {"resourceVersion": version, "continue": more}, "items": list(items)})


def body(content: Any, status: int = 200) -> Answer:
    """Answer with an object, or with a refusal."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(content, status=status)

    return answer


def refusal(status: int, reason: str) -> Answer:
    """Answer with a Status object."""
    return body({"kind": "Status", "code": status, "reason": reason, "message": f"because of {reason}"}, status)


def event(kind: str, content: Any) -> bytes:
    """Return a line of a watch."""
    return json.dumps({"type": kind, "object": content}).encode() + b"\n"


EXPIRED = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})


def watch(*chunks: bytes, is_endless: bool = False) -> Answer:
    """Answer with these pieces of a watch, and then end it or keep silent."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        while is_endless and request.transport is not None and not request.transport.is_closing():
            await _moment()
        return response

    return answer


def broken_watch(*chunks: bytes) -> Answer:
    """Answer with these pieces of a watch and lose the connection."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        await _moment()
        if request.transport is not None:
            request.transport.abort()
        return response

    return answer


async def _moment() -> None:
    await asyncio.sleep(0.01)

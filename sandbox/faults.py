"""A proxy before an API server that does what networks and overloaded servers do, as a test says."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from sandbox.endpoint import Endpoint

# Nothing that passes is larger; aiohttp refuses more than a MiB by default.
MAX_BYTES = 64 * 2**20

FAREWELL_SECONDS = 0.3

_HOP_BY_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})


class Fault(StrEnum):
    """What becomes of a request."""

    NONE = "none"
    LOST_REQUEST = "lost request"  # The connection is lost before the server has it.
    LOST_ANSWER = "lost answer"  # It is carried out, and the connection lost before anything is answered.
    LATE = "late"  # The connection is lost at once, and the request is carried out later all the same.
    BUSY = "busy"  # 503 from something in between; not carried out.
    FAILED_AFTER = "failed after"  # Carried out, and 500 is answered.
    EXPIRED = "expired"  # 410, as for a version that the server has forgotten.


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrives at the proxy."""

    method: str
    path: str
    query: Mapping[str, str]

    @property
    def is_watch(self) -> bool:
        """Whether it asks for a watch."""
        return "watch" in self.query

    @property
    def is_binding(self) -> bool:
        """Whether it binds a pod."""
        return self.method == "POST" and self.path.endswith("/binding")


def _faultless(_asked: Asked) -> Fault:
    return Fault.NONE


class FaultyProxy:
    """A context manager: plain HTTP on loopback, passed on with the identity of an endpoint.

    `choose` says what becomes of each request, in the proxy's thread; each waits for `delay_seconds`, a late one for
    `late_seconds`. Of watches bookmarks can be left out, and every event be told twice.
    """

    url: str

    def __init__(self, endpoint: Endpoint) -> None:
        self.choose: Callable[[Asked], Fault] = _faultless
        self.delay_seconds = 0.0
        self.late_seconds = 1.0
        self.has_bookmarks = True
        self.tells_twice = False
        self._endpoint = endpoint
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="faulty-proxy")
        self._connections: set[asyncio.Transport] = set()
        self._late: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def cut(self) -> None:
        """Lose every connection that is open, watches too."""
        self._loop.call_soon_threadsafe(self._abort)

    def calm(self) -> None:
        """Do nothing of the kind any longer."""
        self.choose, self.delay_seconds, self.has_bookmarks, self.tells_twice = _faultless, 0.0, True, False

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads here."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "faulty", "cluster": {"server": self.url}}],
            "users": [{"name": "faulty", "user": {}}],
            "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "faulty"}}],
            "current-context": "faulty",
        }
        path.write_text(json.dumps(content))
        return path

    def _abort(self) -> None:
        for each in self._connections:
            each.abort()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self._endpoint.tls, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as self._session:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{port}"
            self._ready.set()
            await self._over.wait()
            for task in self._late:
                task.cancel()
            self._abort()
            await runner.cleanup()
        # The loop closes the connections of who has gone only when it comes to it.
        await asyncio.sleep(FAREWELL_SECONDS)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked, body = Asked(request.method, request.path, dict(request.query)), await request.read()
        await asyncio.sleep(self.delay_seconds)
        match fault := self.choose(asked):
            case Fault.NONE:
                return await self._passed(request, asked, body)
            case Fault.EXPIRED:
                return _expired(asked)
            case Fault.BUSY:
                return _status(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable")
            case Fault.LATE:
                task = asyncio.create_task(self._carry_out(request, body, self.late_seconds))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            case Fault.LOST_ANSWER | Fault.FAILED_AFTER:
                await self._carry_out(request, body)
        if fault is Fault.FAILED_AFTER:
            return _status(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError")
        return _lost(request)

    async def _carry_out(self, request: web.Request, body: bytes, pause_seconds: float = 0.0) -> None:
        await asyncio.sleep(pause_seconds)
        with suppress(aiohttp.ClientError, OSError):
            async with self._sent(request, body) as answer:
                await answer.read()

    def _sent(self, request: web.Request, body: bytes) -> aiohttp.client._RequestContextManager:
        passed = {name: text for name, text in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers = {**passed, "Accept-Encoding": "identity"}
        return self._session.request(
            request.method, f"{self._endpoint.url}{request.rel_url}", data=body or None, headers=headers
        )

    async def _passed(self, request: web.Request, asked: Asked, body: bytes) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            return web.Response()
        self._connections.add(transport)
        try:
            async with self._sent(request, body) as answer:
                return await self._streamed(request, asked, answer)
        except (aiohttp.ClientError, OSError):
            return _lost(request)
        finally:
            self._connections.discard(transport)

    async def _streamed(self, request: web.Request, asked: Asked, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
        if not asked.is_watch:
            response.content_length = answer.content_length
        await response.prepare(request)
        chunks = answer.content.iter_any()
        async for chunk in self._events(chunks) if asked.is_watch else chunks:
            await response.write(chunk)
        return response

    async def _events(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if self.has_bookmarks or not line.startswith(b'{"type":"BOOKMARK"'):
                    yield line + b"\n"
                    if self.tells_twice:
                        yield line + b"\n"


def _status_object(status: int, reason: str) -> dict[str, object]:
    return {"kind": "Status", "apiVersion": "v1", "code": status, "reason": reason, "message": "a fault, as asked for"}


def _status(status: int, reason: str) -> web.Response:
    return web.json_response(_status_object(status, reason), status=status)


def _expired(asked: Asked) -> web.Response:
    """Answer as the API server does: a watch with an event, anything else with the status."""
    if not asked.is_watch:
        return _status(HTTPStatus.GONE, "Expired")
    event = {"type": "ERROR", "object": _status_object(HTTPStatus.GONE, "Expired")}
    return web.Response(text=json.dumps(event) + "\n", content_type="application/json")


def _lost(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

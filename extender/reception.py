"""The reception: whatever is not answered is refused in JSON and counted, and who does not take an answer is left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter

import msgspec
from aiohttp import web

from extender.desk import Outcome
from extender.observers import Metrics, Verb
from intake.bodies import RefusedError

# An answer has at most some hundreds of kilobytes, most of which the kernel takes at once.
TAKE_SECONDS = 5.0

# So much asyncio takes of an answer without waiting for its client.
BUFFER_BYTES = 2**15

# Orders to bind wait for the API server, for 1.5 s at most; kube-scheduler has some hundreds a second of them at best.
MAX_AT_ONCE = 1_000

_LOG = logging.getLogger("berth.extender")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Reception:
    """The middleware of all requests."""

    metrics: Metrics
    take_seconds: float = TAKE_SECONDS
    max_at_once: int = MAX_AT_ONCE
    _at_once: int = 0

    @web.middleware
    async def receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, and see that the answer is taken."""
        began = perf_counter()
        self._at_once += 1
        try:
            response = await self._answer(request, handler)
        except RefusedError as refused:
            self.metrics.answered(Verb.OTHER, Outcome(refused.reason), perf_counter() - began)
            _LOG.warning("%s %s: %s", request.method, request.path, refused, exc_info=refused.__cause__)
            response = problem(refused.status, str(refused))
        finally:
            self._at_once -= 1
        await self._deliver(request, response)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the answer; raises RefusedError."""
        if self._at_once > self.max_at_once:
            text = f"more than {self.max_at_once} requests are under way; ask again later"
            raise RefusedError(Outcome.BUSY, HTTPStatus.SERVICE_UNAVAILABLE, text)
        try:
            return await handler(request)
        except web.HTTPNotFound:
            raise RefusedError(Outcome.NOT_FOUND, HTTPStatus.NOT_FOUND, "nothing is served here") from None
        except web.HTTPMethodNotAllowed as error:
            text = f"found {error.method}, allowed: {', '.join(sorted(error.allowed_methods))}"
            raise RefusedError(Outcome.WRONG_METHOD, HTTPStatus.METHOD_NOT_ALLOWED, text) from None
        except (RefusedError, web.HTTPException):
            raise
        except Exception as error:
            text = "Berth failed to answer; its log has the cause"
            raise RefusedError(Outcome.FAILED, HTTPStatus.INTERNAL_SERVER_ERROR, text) from error

    async def _deliver(self, request: web.Request, response: web.StreamResponse) -> None:
        """Send an answer, or leave a client that does not take it in time."""
        if _is_taken_at_once(request, response):
            return
        try:
            async with asyncio.timeout(self.take_seconds):
                with suppress(ConnectionError):  # A client that has left takes nothing.
                    await response.prepare(request)
                    await response.write_eof()
        except TimeoutError:
            self.metrics.answered(Verb.OTHER, Outcome.NOT_TAKEN, self.take_seconds)
            if request.transport:
                request.transport.abort()


def _is_taken_at_once(request: web.Request, response: web.StreamResponse) -> bool:
    """Tell whether there is room for the answer between here and the client, so that nobody waits for its end."""
    transport = request.transport
    body = response.body if isinstance(response, web.Response) else None
    is_small = isinstance(body, bytes) and len(body) <= BUFFER_BYTES
    return is_small and transport is not None and not transport.get_write_buffer_size()


def problem(status: int, text: str) -> web.Response:
    """Return a sentence about what was wrong, in JSON."""
    return web.Response(body=msgspec.json.encode({"error": text}), status=status, content_type="application/json")

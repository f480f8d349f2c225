"""What the platform and the operator ask any program: is it alive, is it ready, and its metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

# Prometheus reads every 15 s or so; an exposition has some hundreds of kilobytes, which wait for whoever reads slowly.
READ_AT_ONCE = 8
TAKE_SECONDS = 10.0

# Lets a request pass, or raises HTTPException.
Admit = Callable[[web.Request], Awaitable[None]]


def create_app(
    readiness: Callable[[], list[str]], registry: CollectorRegistry, admit: Admit | None = None
) -> web.Application:
    """Return an application with /healthz, /readyz (200, or 503 with one problem per line) and /metrics.

    Metrics are for everybody, or for those whom `admit` lets pass.
    """
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        problems = readiness()
        return web.Response(text="\n".join(problems or ["ok"]) + "\n", status=503 if problems else 200)

    async def metrics(request: web.Request) -> web.StreamResponse:
        if admit:
            await admit(request)
        if exposition.locked():
            raise web.HTTPServiceUnavailable(text="others are reading; ask again later\n")
        async with exposition:
            response = web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
            await _deliver(request, response)
        return response

    exposition = asyncio.Semaphore(READ_AT_ONCE)
    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


async def _deliver(request: web.Request, response: web.Response) -> None:
    """Send an answer, or leave a client that does not take it in time."""
    try:
        async with asyncio.timeout(TAKE_SECONDS):
            with suppress(ConnectionError):  # A client that has left takes nothing.
                await response.prepare(request)
                await response.write_eof()
    except TimeoutError:
        if request.transport:
            request.transport.abort()

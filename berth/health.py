"""What the platform and the operator ask any program: is it alive, is it ready, and its metrics."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)


def create_app(readiness: Callable[[], list[str]], registry: CollectorRegistry) -> web.Application:
    """Return an application with /healthz, /readyz (200, or 503 with one problem per line) and /metrics."""
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        problems = readiness()
        return web.Response(text="\n".join(problems or ["ok"]) + "\n", status=503 if problems else 200)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app

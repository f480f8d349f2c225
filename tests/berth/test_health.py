"""The listener of health and metrics, however it is read."""

import asyncio

from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry, Gauge

from berth.health import READ_AT_ONCE, create_app

ASK = b"GET /metrics HTTP/1.1\r\nHost: berth\r\n\r\n"


def registry_with(series: int) -> CollectorRegistry:
    """Return metrics with so many series."""
    registry = CollectorRegistry()
    gauge = Gauge("example", "An example.", ["name"], registry=registry)
    for index in range(series):
        gauge.labels(f"{index:05000}")
    return registry


async def test_readers_that_take_nothing_cannot_fill_the_memory() -> None:
    """Some of them hold an exposition; more are refused, and health is told all the same."""
    # More than the buffers of loopback take.
    app = create_app(list, registry_with(2_000))
    async with TestServer(app) as server:
        port = server.port or 0
        stalled = []
        for _ in range(READ_AT_ONCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(ASK)
            await reader.readexactly(100)
            stalled.append(writer)
        assert await status(port, ASK) == 503
        assert await status(port, ASK.replace(b"/metrics", b"/healthz")) == 200
        for writer in stalled:
            writer.transport.abort()


async def status(port: int, request: bytes) -> int:
    """Return the status of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])

"""An extender that is served over real HTTP on loopback, and a client of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from aiohttp import ClientSession, TraceConfig, web
from prometheus_client import CollectorRegistry

from cluster.api import Api
from extender.app import create_app
from extender.binding import Binder
from extender.desk import Decided, Desk
from extender.handlers import Handlers
from extender.journal import Journal
from extender.lulls import Lulls
from extender.observers import Metrics
from extender.pages import Pages
from extender.reception import Reception
from extender.wire import MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE
from intake.bodies import Bodies
from tests.extender.known import NOON, KnownCluster, args, desk_of


@dataclass
class Served:
    """An extender that is served, and a client of it; `connections` counts those that the client opened."""

    desk: Desk
    client: ClientSession
    registry: CollectorRegistry
    told: list[Decided]
    address: tuple[str, int]
    connections: list[int]
    bodies: Bodies
    lulls: Lulls

    async def ask(self, verb: str, body: bytes | BytesIO) -> tuple[int, Any]:
        """Return status and content of the answer to a question."""
        async with self.client.post(f"/scheduler/{verb}", data=body) as response:
            return response.status, await response.json()

    def count(self, name: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.registry.get_sample_value(f"berth_extender_{name}", labels) or 0


@asynccontextmanager
async def serving(
    cluster: KnownCluster, bodies: Bodies | None = None, idle_seconds: float = 60, **limits: Any
) -> AsyncIterator[Served]:
    """Serve an extender on loopback, with other limits of its reception where they are given."""
    desk, registry, told, journal = desk_of(cluster), CollectorRegistry(), list[Decided](), Journal()
    metrics = Metrics(registry)

    def tell(decided: Decided, _at: datetime) -> None:
        told.append(decided)

    binder = Binder(Api(None, None), cluster, desk.flights, lambda _pod, _node: {})
    observers = (metrics, journal, tell)
    pages, bodies = Pages(cluster, desk.arrivals), bodies or Bodies(MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE)
    connections, lulls = list[int](), Lulls(quiet_seconds=600, most_seconds=600)
    handlers = Handlers(desk, journal, metrics, observers, lambda: NOON, binder, pages, bodies, lulls)
    async with (
        listening(create_app(handlers, "/scheduler", Reception(metrics, **limits)), idle_seconds) as (host, port),
        ClientSession(f"http://{host}:{port}", trace_configs=[_counting(connections)]) as client,
    ):
        yield Served(desk, client, registry, told, (host, port), connections, bodies, lulls)


@asynccontextmanager
async def listening(app: web.Application, idle_seconds: float) -> AsyncIterator[tuple[str, int]]:
    """Serve an application as the program does, whose handlers outlive their clients (aiohttp's TestServer differs)."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=idle_seconds)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0]
    finally:
        await runner.cleanup()


def _counting(connections: list[int]) -> TraceConfig:
    trace = TraceConfig()

    async def count(*_about: object) -> None:
        connections.append(1)

    trace.on_connection_create_end.append(count)
    return trace


async def is_well(served: Served) -> bool:
    """Tell whether a question is answered as ever."""
    status, content = await served.ask("filter", args(["free"]))
    return (status, content["NodeNames"]) == (200, ["free"])


def refusals(served: Served, outcome: str, verb: str = "filter") -> float:
    """Return how many requests were refused for this reason."""
    return served.count("requests_total", verb=verb, outcome=outcome)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection on which anything can be sent."""
    reader, writer = await asyncio.open_connection(*served.address)
    yield reader, writer
    writer.close()


def head(path: str = "/scheduler/filter", method: str = "POST", **fields: Any) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Read one answer: its status, and its content as far as that is JSON."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(fields["content-length"]))
    content = json.loads(body) if fields["content-type"].startswith("application/json") else body
    return int(lines[0].split()[1]), content

"""An extender that is served over real HTTP, and what people read there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from cluster.api import Api
from extender.app import create_app
from extender.arrivals import Arrivals
from extender.binding import Binder
from extender.handlers import Handlers
from extender.journal import Journal
from extender.observers import Metrics
from extender.pages import Pages
from placement.scheduling.expectations import Expectations
from placement.scheduling.policy import Chooser
from tests.extender.known import NOON, KnownCluster, args, desk_of


@asynccontextmanager
async def served(cluster: KnownCluster, expectations: Expectations) -> AsyncIterator[ClientSession]:
    """Serve an extender that expects this, and return a client of it."""
    desk, journal = desk_of(cluster, arrivals=Arrivals(Chooser(expectations))), Journal()
    binder = Binder(Api(None, None), cluster, desk.flights, lambda _pod, _node: {})
    pages = Pages(cluster, desk.arrivals)
    handlers = Handlers(desk, journal, Metrics(CollectorRegistry()), (), lambda: NOON, binder, pages)
    async with (
        TestServer(create_app(handlers, "/scheduler")) as server,
        ClientSession(server.make_url("/")) as client,
    ):
        yield client


async def page(client: ClientSession, name: str) -> dict[str, Any]:
    """Return a page."""
    async with client.get(f"/v1/{name}") as response:
        assert response.status == 200
        content: dict[str, Any] = await response.json()
        return content


async def ask(client: ClientSession, names: list[str], pod: dict[str, Any]) -> None:
    """Ask about a pod as kube-scheduler does."""
    async with client.post("/scheduler/filter", data=args(names, pod)) as response:
        assert response.status == 200

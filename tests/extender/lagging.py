"""An extender in this process, asked by a real kube-scheduler, with gates between it and the API server."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import SILENT
from extender.app import Surroundings, Task, create_extender
from extender.settings import ExtenderSettings
from sandbox import Component, ControlPlane
from tests.extender.scheduling import Json, scheduler_configuration

# What else happens in a cluster may wake a pod as well, and has ended by then.
QUIET_SECONDS = 3


NO_QUERY: Mapping[str, str] = {}


class LaggingApi(Api):
    """The API, with gates: while the one of a path's last word is shut, nothing is read there, watched or created.

    All gates are open at first: `gates["pods"].clear()` shuts one.
    """

    def __init__(self, transport: Any, kubeconfig: Any) -> None:
        super().__init__(transport, kubeconfig)
        self.gates: dict[str, asyncio.Event] = defaultdict(_open_gate)

    async def get(self, path: str, query: Mapping[str, str] = NO_QUERY) -> bytes:
        """Read an object or a list through its gate."""
        await self._pass(path)
        return await super().get(path, query)

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = 60
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch through its gate."""
        async for line in super().stream(path, query, silence_seconds):
            await self._pass(path)
            yield line

    async def create(self, path: str, body: Any) -> bytes:
        """Create an object through its gate."""
        await self._pass(path)
        return await super().create(path, body)

    async def _pass(self, path: str) -> None:
        await self.gates[path.rpartition("/")[2]].wait()


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@dataclass
class Asked:
    """A running extender: its URL, the gates of its API, its metrics, what speaks against calling it ready.

    `peers` are those that have asked it, by connection, and `scheduler` is one of them where there is any.
    """

    url: str
    gates: Mapping[str, asyncio.Event]
    registry: CollectorRegistry
    readiness: Callable[[], list[str]]
    peers: list[Any]
    scheduler: Component | None = None

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.registry.get_sample_value(f"berth_extender_{name}", labels) or 0


@asynccontextmanager
async def asked(
    plane: ControlPlane,
    name: str,
    configuration: Callable[[str], Json] = scheduler_configuration,
    seconds: Callable[[], float] = monotonic,
) -> AsyncIterator[Asked]:
    """Run an extender here by a clock, and a kube-scheduler that asks it, configured for its URL."""
    async with composed(plane, seconds=seconds) as extender:
        await until(lambda: not extender.readiness())
        wanted = configuration(extender.url) | {"profiles": [{"schedulerName": name}]}
        scheduler = await asyncio.to_thread(plane.start_scheduler, wanted, name)
        yield replace(extender, scheduler=scheduler)
        await asyncio.to_thread(scheduler.stop)


@asynccontextmanager
async def composed(plane: ControlPlane, *shut: str, seconds: Callable[[], float] = monotonic) -> AsyncIterator[Asked]:
    """Run an extender here, with some gates shut from the beginning."""
    peers: list[Any] = []

    @web.middleware
    async def note_peer(request: web.Request, handler: Any) -> web.StreamResponse:
        peers.append(request.transport.get_extra_info("peername") if request.transport else None)
        answer: web.StreamResponse = await handler(request)
        return answer

    registry = CollectorRegistry()
    async with LaggingApi.connect(plane.kubeconfig) as api:
        for each in shut:
            api.gates[each].clear()
        around = Surroundings(api, registry, SILENT, lambda: datetime.now(UTC), "here", seconds=seconds)
        extender = create_extender(ExtenderSettings(), around)
        extender.app.middlewares.append(note_peer)
        async with TestServer(extender.app) as server, running(extender.tasks.values()):
            yield Asked(str(server.make_url("/scheduler")), api.gates, registry, extender.readiness, peers)


@asynccontextmanager
async def running(tasks: Iterable[Task]) -> AsyncIterator[None]:
    """Run tasks until the end."""
    started = [asyncio.create_task(task()) for task in tasks]
    try:
        yield
    finally:
        for each in started:
            each.cancel()
        await asyncio.gather(*started, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    while not holds():  # noqa: ASYNC110 - what is waited for tells nobody when it happens.
        await asyncio.sleep(0.05)


def for_scheduler(name: str, pod: Json) -> Json:
    """Return the pod for another scheduler."""
    pod["spec"]["schedulerName"] = name
    return pod

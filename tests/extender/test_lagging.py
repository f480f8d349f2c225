"""An extender in this process, asked by a real kube-scheduler: its connections, and a watch that lags behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import SILENT
from extender.app import Surroundings, Task, create_extender
from extender.settings import ExtenderSettings
from sandbox import ControlPlane
from tests.extender.scheduling import H100, Cluster, Json, gpu_pod, scheduler_configuration

# What else happens in a cluster may wake a pod as well, and has ended by then.
QUIET_SECONDS = 3

ONE_NODE = H100 | {"kubernetes.io/hostname": "h100-0"}


class LaggingApi(Api):
    """The API, with news of pods held back while the gate is shut."""

    def __init__(self, transport: Any, kubeconfig: Any) -> None:
        super().__init__(transport, kubeconfig)
        self.gate = asyncio.Event()
        self.gate.set()

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = 60
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch, those about pods through the gate."""
        async for line in super().stream(path, query, silence_seconds):
            if path.endswith("/pods"):
                await self.gate.wait()
            yield line


@dataclass
class Asked:
    """A running extender: the gate of its watch, its metrics, and the peers that have asked it, by connection."""

    gate: asyncio.Event
    registry: CollectorRegistry
    peers: list[Any]

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.registry.get_sample_value(f"berth_extender_{name}", labels) or 0


@asynccontextmanager
async def asked(plane: ControlPlane, name: str) -> AsyncIterator[Asked]:
    """Run an extender here, and a kube-scheduler that asks it."""
    peers: list[Any] = []

    @web.middleware
    async def note_peer(request: web.Request, handler: Any) -> web.StreamResponse:
        peers.append(request.transport.get_extra_info("peername") if request.transport else None)
        answer: web.StreamResponse = await handler(request)
        return answer

    registry = CollectorRegistry()
    async with LaggingApi.connect(plane.kubeconfig) as api:
        around = Surroundings(api, registry, SILENT, lambda: datetime.now(UTC), "here")
        extender = create_extender(ExtenderSettings(), around)
        extender.app.middlewares.append(note_peer)
        async with TestServer(extender.app) as server, running(extender.tasks.values()):
            await until(lambda: not extender.readiness())
            url = str(server.make_url("/scheduler"))
            configuration = scheduler_configuration(url) | {"profiles": [{"schedulerName": name}]}
            scheduler = await asyncio.to_thread(plane.start_scheduler, configuration, name)
            yield Asked(api.gate, registry, peers)
            await asyncio.to_thread(scheduler.stop)


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


async def test_many_questions_of_kube_scheduler_come_over_one_connection(cluster: Cluster) -> None:
    """A connection for each would cost more than the answer."""
    async with asked(cluster.plane, "one-connection") as extender:
        for index in range(20):
            pod = for_scheduler("one-connection", gpu_pod(f"counted-{index}", 1, nodeSelector=H100))
            await asyncio.to_thread(cluster.create, pod)
        for index in range(20):
            await asyncio.to_thread(cluster.node_of, f"counted-{index}")

    assert len(extender.peers) >= 20
    assert len(set(extender.peers)) == 1


async def test_a_pod_that_was_refused_because_the_account_lagged_is_tried_again_at_once(cluster: Cluster) -> None:
    """kube-scheduler saw the deletion before we did; without the touch of the node the pod would wait five minutes."""
    async with asked(cluster.plane, "lagging") as extender:
        await asyncio.to_thread(cluster.create, for_scheduler("lagging", gpu_pod("first", 8, nodeSelector=ONE_NODE)))
        await asyncio.to_thread(cluster.node_of, "first")
        await until(lambda: extender.metric("holds") == 0)
        extender.gate.clear()
        await asyncio.to_thread(cluster.delete, "first")
        await asyncio.to_thread(cluster.create, for_scheduler("lagging", gpu_pod("second", 8, nodeSelector=ONE_NODE)))
        message = await asyncio.to_thread(cluster.refusal, "second")
        assert "1 berth: node(s) with too few free nvidia.com/gpu" in message
        await asyncio.sleep(QUIET_SECONDS)

        extender.gate.set()

        assert await asyncio.to_thread(cluster.node_of, "second") == "h100-0"
        await until(lambda: extender.metric("touches_total", outcome="written") == 1)
        assert extender.metric("decisions_total", verdict="exhausted") >= 1

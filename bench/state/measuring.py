"""One measurement: an API server and the extender, each in a process of its own, read here."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import questions
from bench.load import Target, in_turn, lines, post
from bench.state.objects import node_name

# As many candidates as kube-scheduler finds among 5,000 nodes at its default.
CANDIDATES = 500
_QUESTIONS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How large the cluster is."""

    nodes: int
    pods: int

    def __str__(self) -> str:
        return f"{self.nodes:,} nodes, {self.pods:,} pods"


@dataclass(frozen=True, slots=True)
class State:
    """What it cost to know a cluster of that size; a pause is the collector's, a block everything else's too.

    Settling is what follows at once when all is read.

    `event_us` are microseconds by kind of event, as median and 99th percentile.
    """

    size: Size
    sync_seconds: float
    sync_cpu_seconds: float
    sync_block_ms: float
    settling_block_ms: float
    bare_mib: float
    resident_mib: float
    peak_mib: float
    served_mib: float
    serving_pause_ms: float
    serving_block_ms: float
    event_us: Mapping[str, tuple[float, float]]


def measure(size: Size, events: int) -> State:
    """Return what it costs to read a cluster of that size, and to hear so many events of it while being asked."""
    with TemporaryDirectory() as folder, _running("bench.state.server", str(size.nodes), str(size.pods)) as server:
        api_port = int(next(server))
        kubeconfig = _kubeconfig(Path(folder), api_port)
        with _running("bench.state.subject", str(kubeconfig), str(events)) as subject:
            port = int(next(subject))
            bare, synced, rested = (json.loads(next(subject)) for _ in range(3))
            asyncio.run(_serve(api_port, port, size, events))
            return _state(size, bare, synced, rested, json.loads(next(subject)))


def _state(size: Size, bare: Any, synced: Any, rested: Any, served: Any) -> State:
    return State(
        size,
        sync_seconds=synced["seconds"],
        sync_cpu_seconds=synced["cpu_seconds"] - bare["cpu_seconds"],
        sync_block_ms=synced["block_ms"],
        settling_block_ms=rested["block_ms"],
        bare_mib=bare["resident_mib"],
        resident_mib=rested["resident_mib"],
        peak_mib=served["peak_mib"],
        served_mib=served["resident_mib"],
        serving_pause_ms=served["pause_ms"],
        serving_block_ms=served["block_ms"],
        event_us={kind: _quantiles(took) for kind, took in served["event_us"].items()},
    )


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    return statistics.median(values), sorted(values)[int(0.99 * len(values))]


async def _serve(api_port: int, port: int, size: Size, events: int) -> None:
    """Have the news told, and ask which nodes fit for as long as that takes."""
    async with lines(Target(api_port), 1) as (teller,), lines(Target(port), 1) as asked:
        told = asyncio.create_task(teller.ask(post("/news", str(events).encode())))
        async for requests in _requests(size):
            if told.done():
                break
            await in_turn(asked, requests)
        await told


async def _requests(size: Size) -> AsyncIterator[list[bytes]]:
    names, number = [node_name(each) for each in range(size.nodes)][:CANDIDATES], 0
    while True:
        number += _QUESTIONS_AT_ONCE
        numbers = range(number, number + _QUESTIONS_AT_ONCE)
        yield [post("/scheduler/filter", questions.arguments(each, names)) for each in numbers]
        await asyncio.sleep(0.05)


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[Iterator[str]]:
    """Run a module, and give the lines that it prints."""
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield iter(process.stdout or ())
    finally:
        process.kill()
        process.wait()


def _kubeconfig(folder: Path, port: int) -> Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "bench", "user": {"token": "none"}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "current-context": "bench",
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path

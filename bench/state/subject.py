"""The extender under measurement, whole, in a process of its own: `python -m bench.state.subject KUBECONFIG EVENTS`.

It prints its port, and what it measured as JSON: before anything is read, when it is synced, after a rest, and once it
has taken in so many events and has answered the questions that came meanwhile.
"""

import asyncio
import gc
import json
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from berth.watches import WatchObserver
from cluster.api import SILENCE_SECONDS, Api
from extender.app import Surroundings, create_extender
from extender.settings import ExtenderSettings

_TICK_SECONDS = 0.001
# Until the pods that were listed have been learnt from, and what was freed has been given back.
_REST_SECONDS = 2.0


class Meter:
    """What is measured of this process, by the time that it had a processor: others want them too."""

    def __init__(self) -> None:
        self.began = perf_counter()
        self.longest_block_seconds = 0.0
        self.longest_pause_seconds = 0.0
        self.event_seconds: dict[str, list[float]] = {}
        self.event_count = 0
        self._pause_began = 0.0
        gc.callbacks.append(self._collect)

    async def tick(self) -> None:
        """Notice for how long nothing else may run, among all that is ready."""
        while True:
            began = thread_time()
            await asyncio.sleep(0)
            self.longest_block_seconds = max(self.longest_block_seconds, thread_time() - began)
            await asyncio.sleep(_TICK_SECONDS)

    def note(self, path: str, line: bytes, seconds: float) -> None:
        """Note what an event cost."""
        self.event_count += 1
        kind = line[:40].split(b'"')[3].decode()
        self.event_seconds.setdefault(f"{path.rpartition('/')[2]} {kind}", []).append(seconds)

    def report(self) -> None:
        """Print what was measured since the last report."""
        print(json.dumps(self._measured), flush=True)
        self.longest_block_seconds = self.longest_pause_seconds = 0.0

    @property
    def _measured(self) -> dict[str, Any]:
        status = Path("/proc/self/status").read_text().splitlines()
        mib = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status if line.startswith("Vm")}
        return {
            "seconds": perf_counter() - self.began,
            "cpu_seconds": process_time(),
            "resident_mib": mib["VmRSS"],
            "peak_mib": mib["VmHWM"],
            "block_ms": self.longest_block_seconds * 1000,
            "pause_ms": self.longest_pause_seconds * 1000,
            "event_us": {kind: [round(1e6 * each, 2) for each in took] for kind, took in self.event_seconds.items()},
        }

    def _collect(self, phase: str, _numbers: Mapping[str, int]) -> None:
        if phase == "start":
            self._pause_began = thread_time()
        else:
            self.longest_pause_seconds = max(self.longest_pause_seconds, thread_time() - self._pause_began)


class TimedApi(Api):
    """The API, with a clock beside each line of its watches: it runs while the line is taken in."""

    meter: Meter

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = SILENCE_SECONDS
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch."""
        async for line in super().stream(path, query, silence_seconds):
            began = thread_time()
            yield line
            self.meter.note(path, line, thread_time() - began)


async def _run(kubeconfig: Path, events: int) -> None:
    registry = CollectorRegistry()
    async with TimedApi.connect(kubeconfig) as api, asyncio.TaskGroup() as group:
        api.meter = meter = Meter()
        around = Surroundings(api, registry, WatchObserver(registry), lambda: datetime.now(UTC), "bench")
        extender = create_extender(ExtenderSettings(annotate=False, events=False), around)
        print(await _listen(extender.app), flush=True)
        meter.report()
        for task in (*extender.tasks.values(), meter.tick):
            group.create_task(task())
        await _until(lambda: not extender.readiness())
        meter.report()
        await asyncio.sleep(_REST_SECONDS)
        meter.report()
        await _until(lambda: meter.event_count >= events)
        meter.report()


async def _listen(app: web.Application) -> int:
    """Serve, and return the port."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port


async def _until(predicate: Callable[[], bool]) -> None:
    while not predicate():  # noqa: ASYNC110 - nothing tells of what may be waited for here.
        await asyncio.sleep(_TICK_SECONDS)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2])))

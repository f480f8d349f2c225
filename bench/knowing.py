"""What it costs to know a cluster (`bench.state`), as figures."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Figure, Spread
from bench.state.measuring import Size, State
from bench.state.measuring import measure as measured

PART = "state"
SIZES = (Size(1_000, 10_000), Size(5_000, 50_000))
ROUNDS, EVENTS = 3, 5_000


@dataclass(frozen=True, slots=True)
class _Goals:
    """What the extender aims at with 5,000 nodes and 50,000 pods, and with fewer."""

    sync_seconds: float = 4.0
    resident_mib: float = 250.0
    event_us: float = 50.0
    pause_ms: float = 20.0


_GOALS = _Goals()


async def measure(sizes: Sequence[Size] = SIZES, rounds: int = ROUNDS) -> AsyncIterator[Figure]:
    """Yield the figures of each size."""
    for size in sizes:
        found = []
        for number in range(rounds):
            sys.stderr.write(f"  {PART}: {size}, round {number + 1} of {rounds}\n")
            found.append(await asyncio.to_thread(measured, size, EVENTS))
        for figure in _figures(size, found):
            yield figure


def _figures(size: Size, states: Sequence[State]) -> Iterator[Figure]:
    def figure(name: str, unit: str, values: Sequence[float], goal: float, note: str = "") -> Figure:
        return Figure(PART, f"{size}, {name}", unit, Spread.of(values), goal=goal, note=note)

    cpu = Spread.of([each.sync_cpu_seconds for each in states])
    yield figure("synced from nothing", "s", [each.sync_seconds for each in states], _GOALS.sync_seconds, f"cpu {cpu}")
    bare = Spread.of([each.bare_mib for each in states])
    yield figure("resident", "MiB", [each.served_mib for each in states], _GOALS.resident_mib, f"bare {bare}")
    pauses = [each.serving_pause_ms for each in states]
    yield figure("longest collector pause while serving", "ms", pauses, _GOALS.pause_ms)
    for kind in sorted(states[0].event_us):
        p99 = Spread.of([each.event_us[kind][1] for each in states])
        yield figure(f"{kind} event", "us", [each.event_us[kind][0] for each in states], _GOALS.event_us, f"p99 {p99}")

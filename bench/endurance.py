"""The webhook under a steady stream of pods: how long the slowest wait, and whether its memory stays what it is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter

from bench.comparisons import PATCHED, admission
from bench.load import Answer, Line, at_rate, in_turn, lines
from bench.running import running

NODES = 1000
CONNECTIONS = 32
ROUNDS = 3
_WARM_UP = 400
_CHUNK = 1000
# What the first tenth of a memory run may still fill: caches that have bounds.
_MOST_GROWTH_MIB = 4.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Pods that are created at moments of their own; `most_ms` is what 99 of 100 may wait."""

    kilobytes: int
    per_second: float = 200.0
    seconds_per_round: float = 4.0
    most_ms: float = 5.0


STREAMS = (Stream(4), Stream(40))


async def watch_stream(stream: Stream) -> bool:
    """Print percentiles of the webhook and of its floor, in turn; return whether the webhook's p99 is low enough."""
    with running("webhook", NODES, tls=True) as subject, running("webhook_floor", NODES, tls=True) as floor:
        async with lines(subject.target, CONNECTIONS) as mine, lines(floor.target, CONNECTIONS) as theirs:
            answers: dict[str, list[Answer]] = {"webhook": [], "floor": []}
            for number in range(ROUNDS):
                for name, connections in (("webhook", mine), ("floor", theirs)):
                    answers[name] += await _stream_round(stream, connections, number)
    print(f"{stream.per_second:.0f} pods of {stream.kilobytes} kB per second: ", end="")
    print(", ".join(f"{name} {_percentiles(each)}" for name, each in answers.items()), end="")
    p99 = statistics.quantiles([each.seconds for each in answers["webhook"]], n=100)[98] * 1000
    print(f" (p99 at most {stream.most_ms:g} ms){'' if p99 <= stream.most_ms else '  too slow'}", flush=True)
    return p99 <= stream.most_ms


async def _stream_round(stream: Stream, connections: Sequence[Line], number: int) -> list[Answer]:
    """Ask for one round, after a warm-up that does not count."""
    count = int(stream.per_second * stream.seconds_per_round)
    first = number * (count + _WARM_UP)
    requests = [admission(stream.kilobytes * 1000, first + each) for each in range(count + _WARM_UP)]
    await in_turn(connections, requests[:_WARM_UP])
    return await at_rate(connections, requests[_WARM_UP:], stream.per_second, Random(number))


def _percentiles(answers: Sequence[Answer]) -> str:
    cuts = statistics.quantiles([each.seconds for each in answers], n=100)
    return f"p50 {cuts[49] * 1000:.2f} ms p99 {cuts[98] * 1000:.2f} ms"


async def watch_memory(count: int, kilobytes: int = 4) -> bool:
    """Send that many reviews; print the webhook's memory on the way, and return whether it stays flat."""
    with running("webhook", NODES, tls=True) as server:
        sizes = [server.resident_mib]
        began, patched = perf_counter(), 0
        async with lines(server.target, CONNECTIONS) as connections:
            for first in range(0, count, _CHUNK):
                requests = [admission(kilobytes * 1000, first + each) for each in range(min(_CHUNK, count - first))]
                answers = await in_turn(connections, requests)
                patched += sum(PATCHED in each.body for each in answers)
                if (first + len(requests)) * 10 // count >= len(sizes):
                    sizes.append(server.resident_mib)
    growth = sizes[-1] - sizes[1]
    print(
        f"memory over {count:,} reviews of {kilobytes} kB ({patched:,} patched, {perf_counter() - began:.0f} s), MiB:"
    )
    print(f"  {' '.join(f'{each:.1f}' for each in sizes)}; after the first tenth {growth:+.1f}", end="")
    print(f" (at most {_MOST_GROWTH_MIB:g}){'' if growth <= _MOST_GROWTH_MIB else '  not flat'}", flush=True)
    return growth <= _MOST_GROWTH_MIB

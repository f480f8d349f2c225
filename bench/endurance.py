"""The webhook under a steady stream of pods: how long the slowest wait, and whether its memory stays what it is."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.comparisons import NODES, PATCHED, admission
from bench.figures import Figure, Spread
from bench.load import Answer, Line, at_rate, in_turn, lines
from bench.running import running

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


async def watch_stream(stream: Stream) -> Figure:
    """Return the webhook's p99 beside its floor's, asked in turn."""
    with running("webhook", NODES, tls=True) as subject, running("webhook_floor", NODES, tls=True) as floor:
        async with lines(subject.target, CONNECTIONS) as mine, lines(floor.target, CONNECTIONS) as theirs:
            p99s: tuple[list[float], list[float]] = [], []
            for number in range(ROUNDS):
                for found, connections in zip(p99s, (mine, theirs), strict=True):
                    found.append(_p99(await _stream_round(stream, connections, number)))
    name = f"{stream.per_second:.0f} pods of {stream.kilobytes} kB per second, p99"
    return Figure.compared("admission", name, "ms", p99s, note=f"the webhook should stay below {stream.most_ms:g} ms")


async def _stream_round(stream: Stream, connections: Sequence[Line], number: int) -> list[Answer]:
    """Ask for one round, after a warm-up that does not count."""
    count = int(stream.per_second * stream.seconds_per_round)
    first = number * (count + _WARM_UP)
    requests = [admission(stream.kilobytes * 1000, first + each) for each in range(count + _WARM_UP)]
    await in_turn(connections, requests[:_WARM_UP])
    return await at_rate(connections, requests[_WARM_UP:], stream.per_second, Random(number))


def _p99(answers: Sequence[Answer]) -> float:
    return statistics.quantiles([each.seconds for each in answers], n=100)[98] * 1000


async def watch_memory(count: int, kilobytes: int = 4) -> Figure:
    """Send that many reviews, and return by how much the webhook's memory grows after the first tenth of them."""
    with running("webhook", NODES, tls=True) as server:
        sizes = [server.resident_mib]
        async with lines(server.target, CONNECTIONS) as connections:
            for first in range(0, count, _CHUNK):
                requests = [admission(kilobytes * 1000, first + each) for each in range(min(_CHUNK, count - first))]
                answers = await in_turn(connections, requests)
                assert any(PATCHED in each.body for each in answers)
                if (first + len(requests)) * 10 // count >= len(sizes):
                    sizes.append(server.resident_mib)
                    sys.stderr.write(f"  {first + len(requests):,} reviews of {count:,}: {sizes[-1]:.1f} MiB\n")
    growth = Spread.of([sizes[-1] - sizes[1]])
    note = f"MiB at each tenth: {' '.join(f'{each:.0f}' for each in sizes)}"
    name = f"webhook over {count:,} reviews, growth"
    return Figure("memory", name, "MiB", growth, note=note, threshold=_MOST_GROWTH_MIB)

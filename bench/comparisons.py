"""A subject beside its floor: both answer the same requests, in turn, so that a machine whose speed drifts slows both.

Of the reviews half are answered with a patch. The ratio is that of these to the floor, because a median over both
halves would say little of either.
"""

import statistics
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from time import perf_counter

from bench.figures import Figure
from bench.load import Answer, Line, in_turn, lines, post
from bench.pods import TEMPLATES, templates
from bench.running import running

ROUNDS = 5
CALLS = 300
WARM_UP = 60
NODES = 1000
PATCHED = b'"patchType"'

# The whole request of a number.
Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison: the webhook beside its floor, over so many connections."""

    name: str
    request: Request
    connections: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round."""

    answers: Sequence[Answer]
    seconds: float

    def times(self, marker: bytes = b"") -> list[float]:
        """Return the seconds of each answer that contains the marker."""
        return [each.seconds for each in self.answers if marker in each.body]


@dataclass(frozen=True, slots=True)
class Side:
    """All rounds of one server."""

    rounds: list[Round] = field(default_factory=list)

    def medians(self, marker: bytes = b"") -> list[float]:
        """Return the median of each round in milliseconds, of the answers that contain the marker."""
        return [statistics.median(each.times(marker)) * 1000 for each in self.rounds]

    @property
    def p99(self) -> str:
        """The 99th percentile over all rounds in milliseconds."""
        times = [seconds for each in self.rounds for seconds in each.times()]
        return f"{statistics.quantiles(times, n=100)[98] * 1000:.2f}"

    @property
    def rate(self) -> str:
        """The answers per second over all rounds."""
        return f"{sum(len(each.answers) for each in self.rounds) / sum(each.seconds for each in self.rounds):.0f}"


def admission(pod_bytes: int, number: int) -> bytes:
    """Return the request of one replica's review: the workloads in turn."""
    return post("/mutate?timeout=3s", _templates(pod_bytes)[number % TEMPLATES].review(number))


_templates = lru_cache(templates)


def _case(kilobytes: int, connections: int) -> Case:
    name = f"{kilobytes} kB pod, {connections} connection{'s' if connections > 1 else ''}"
    return Case(name, partial(admission, kilobytes * 1000), connections)


# Over one connection the way there and back is part of both sides; over many the servers' own work is all that is
# compared, and a floor that does nothing but JSON answers twice as many.
CASES = tuple(_case(kilobytes, connections) for kilobytes in (4, 40) for connections in (1, 32))
_GOAL = 1.5


async def compare(case: Case) -> Figure:
    """Return the median answer beside the floor's."""
    mine, floor = Side(), Side()
    async with _both(case) as (subject_lines, floor_lines):
        for number in range(ROUNDS + 1):
            count, first = (CALLS, number * CALLS) if number else (WARM_UP, 1_000_000)
            requests = [case.request(first + each) for each in range(count)]
            rounds = await _round(subject_lines, requests), await _round(floor_lines, requests)
            if number:
                mine.rounds.append(rounds[0])
                floor.rounds.append(rounds[1])
    return _figure(case, mine, floor)


@asynccontextmanager
async def _both(case: Case) -> AsyncIterator[tuple[list[Line], list[Line]]]:
    async with AsyncExitStack() as stack:
        servers = [stack.enter_context(running(name, NODES, tls=True)) for name in ("webhook", "webhook_floor")]
        opened = [await stack.enter_async_context(lines(each.target, case.connections)) for each in servers]
        yield opened[0], opened[1]


async def _round(connections: Sequence[Line], requests: Sequence[bytes]) -> Round:
    began = perf_counter()
    answers = await in_turn(connections, requests)
    return Round(answers, perf_counter() - began)


def _figure(case: Case, mine: Side, floor: Side) -> Figure:
    note = f"{mine.rate} per s, the floor {floor.rate}; p99 {mine.p99} and {floor.p99} ms"
    sides = mine.medians(PATCHED), floor.medians()
    return Figure.compared("admission", case.name, "ms", sides, note=note, goal=_GOAL)

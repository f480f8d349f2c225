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

from bench.load import Answer, Line, in_turn, lines, post
from bench.pods import TEMPLATES, templates
from bench.questions import arguments, nodes
from bench.running import running

ROUNDS = 5
CALLS = 300
WARM_UP = 60
PATCHED = b'"patchType"'

# The whole request of a number.
Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison; `threshold` is the largest ratio to the floor that passes, at the median call.

    Only answers that contain `counts` count in the ratio.
    """

    name: str
    server: str
    request: Request
    nodes: int
    threshold: float
    connections: int = 1
    tls: bool = False
    counts: bytes = b""


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

    def percentile(self, percent: int, marker: bytes = b"") -> str:
        """Return a percentile over all rounds in milliseconds."""
        times = [seconds for each in self.rounds for seconds in each.times(marker)]
        return f"{statistics.quantiles(times, n=100)[percent - 1] * 1000:.2f}"

    @property
    def rate(self) -> str:
        """The answers per second over all rounds."""
        return f"{sum(len(each.answers) for each in self.rounds) / sum(each.seconds for each in self.rounds):.0f}"


def admission(pod_bytes: int, number: int) -> bytes:
    """Return the request of one replica's review: the workloads in turn."""
    return post("/mutate?timeout=3s", _templates(pod_bytes)[number % TEMPLATES].review(number))


def _filter(count: int, number: int) -> bytes:
    return post("/scheduler/filter", arguments(number % CALLS, _names(count)))


_templates = lru_cache(templates)


@lru_cache
def _names(count: int) -> list[str]:
    return [each.name for each in nodes(count)]


def _admission_case(kilobytes: int, connections: int, threshold: float) -> Case:
    name = f"admission, {kilobytes} kB pod, {connections} connection{'s' if connections > 1 else ''}"
    request = partial(admission, kilobytes * 1000)
    return Case(name, "webhook", request, 1000, threshold, connections, tls=True, counts=PATCHED)


# The goal is 1.5. Over one connection the way there and back is part of both sides; over many the servers' own work is
# all that is compared, and a floor that does nothing but JSON answers twice as many.
CASES = (
    _admission_case(4, 1, 1.7),
    _admission_case(4, 32, 2.5),
    _admission_case(40, 1, 1.7),
    _admission_case(40, 32, 2.5),
    Case("filter, 100 nodes", "extender", partial(_filter, 100), 100, 5.0),
    Case("filter, 1,000 nodes", "extender", partial(_filter, 1000), 1000, 10.0),
)
COLUMNS = "".join(f"{each:>8}" for each in ("p50", "patched", "p99", "per s", "floor", "p99", "per s"))
HEADER = f"{'milliseconds':36}{COLUMNS}{'ratio (min-max)':>22}{'at most':>9}"


async def compare(case: Case) -> bool:
    """Print a line; return whether the ratio is within the threshold."""
    mine, floor = Side(), Side()
    async with _both(case) as (subject_lines, floor_lines):
        for number in range(ROUNDS + 1):
            count, first = (CALLS, number * CALLS) if number else (WARM_UP, 1_000_000)
            requests = [case.request(first + each) for each in range(count)]
            rounds = await _round(subject_lines, requests), await _round(floor_lines, requests)
            if number:
                mine.rounds.append(rounds[0])
                floor.rounds.append(rounds[1])
    return _reported(case, mine, floor)


@asynccontextmanager
async def _both(case: Case) -> AsyncIterator[tuple[list[Line], list[Line]]]:
    async with AsyncExitStack() as stack:
        servers = [
            stack.enter_context(running(name, case.nodes, tls=case.tls))
            for name in (case.server, f"{case.server}_floor")
        ]
        opened = [await stack.enter_async_context(lines(each.target, case.connections)) for each in servers]
        yield opened[0], opened[1]


async def _round(connections: Sequence[Line], requests: Sequence[bytes]) -> Round:
    began = perf_counter()
    answers = await in_turn(connections, requests)
    return Round(answers, perf_counter() - began)


def _reported(case: Case, mine: Side, floor: Side) -> bool:
    pairs = zip(mine.rounds, floor.rounds, strict=True)
    ratios = sorted(statistics.median(one.times(case.counts)) / statistics.median(two.times()) for one, two in pairs)
    ratio = statistics.median(ratios)
    numbers = (
        mine.percentile(50),
        mine.percentile(50, case.counts),
        mine.percentile(99),
        mine.rate,
        floor.percentile(50),
        floor.percentile(99),
        floor.rate,
    )
    spread = f"{ratio:.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    verdict = "" if ratio <= case.threshold else "  too slow"
    cells = "".join(f"{each:>8}" for each in numbers)
    print(f"{case.name:36}{cells}{spread:>22}{case.threshold:>9}{verdict}", flush=True)
    return ratio <= case.threshold

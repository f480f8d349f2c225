"""`python -m bench` measures one admission and one filter, serially over one connection, beside their floors.

Subject and floor take turns, so that a machine whose speed drifts slows both; read the ratios. The thresholds are the
medians measured on two shared cores with room for noise; a ratio above its threshold fails the run.
"""

import http.client
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from bench.questions import arguments, nodes, review

ROUNDS = 5
CALLS = 300
WARM_UP = 50

Body = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison; `threshold` is the largest ratio to the floor that passes, at the median call."""

    name: str
    server: str
    path: str
    nodes: int
    threshold: float


CASES = (
    Case("admission, 1,000 nodes", "webhook", "/mutate", 1000, 8.0),
    Case("filter, 100 nodes", "extender", "/scheduler/filter", 100, 5.0),
    Case("filter, 1,000 nodes", "extender", "/scheduler/filter", 1000, 10.0),
)


def main() -> int:
    """Print a table; return 1 where a ratio is above its threshold."""
    print(f"{'':28}{'p50':>9}{'p99':>9}{'floor p50':>11}{'p99':>9}{'ratio (min-max)':>20}{'threshold':>11}")
    results = [_measured(case) for case in CASES]
    return 0 if all(results) else 1


def _measured(case: Case) -> bool:
    body = _body(case)
    with _running(case.server, case.nodes) as subject, _running(f"{case.server}_floor", case.nodes) as floor:
        _round(subject, case.path, body, WARM_UP)
        _round(floor, case.path, body, WARM_UP)
        pairs = [
            (_round(subject, case.path, body, CALLS), _round(floor, case.path, body, CALLS)) for _ in range(ROUNDS)
        ]
    ratios = sorted(statistics.median(mine) / statistics.median(theirs) for mine, theirs in pairs)
    mine, theirs = ([seconds for each in side for seconds in each] for side in zip(*pairs, strict=True))
    ratio = statistics.median(ratios)
    spread = f"{ratio:.1f} ({ratios[0]:.1f}-{ratios[-1]:.1f})"
    times = f"{_ms(mine, 50):>9}{_ms(mine, 99):>9}{_ms(theirs, 50):>11}{_ms(theirs, 99):>9}"
    verdict = "" if ratio <= case.threshold else "  too slow"
    print(f"{case.name:28}{times}{spread:>20}{case.threshold:>11}{verdict}", flush=True)
    return ratio <= case.threshold


def _body(case: Case) -> Body:
    if case.server == "webhook":
        return review
    names = [each.name for each in nodes(case.nodes)]
    return lambda number: arguments(number, names)


def _round(connection: http.client.HTTPConnection, path: str, body: Body, calls: int) -> list[float]:
    """Return the seconds of each call; pods of changing shapes, so that no answer can be a remembered one."""
    seconds = []
    for number in range(calls):
        text = body(number)
        began = perf_counter()
        connection.request("POST", path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        seconds.append(perf_counter() - began)
        assert answer.status == 200, content
        assert json.loads(content)
    return seconds


@contextmanager
def _running(server: str, count: int) -> Iterator[http.client.HTTPConnection]:
    process = subprocess.Popen([sys.executable, "-m", "bench.servers", server, str(count)], stdout=subprocess.PIPE)
    try:
        port = int(process.stdout.readline()) if process.stdout else 0
        yield http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    finally:
        process.kill()
        process.wait()


def _ms(seconds: list[float], percentile: int) -> str:
    return f"{statistics.quantiles(seconds, n=100)[percentile - 1] * 1000:.2f} ms"


if __name__ == "__main__":
    sys.exit(main())

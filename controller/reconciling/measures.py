"""What is measured of the controller when somebody asks: who leads, what waits, what fails, what was written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from controller.leading.gate import LeaderGate
from controller.ports import Leadership
from controller.reconciling.work import WorkQueue

# An answer to kubelet's probe is no report: the metrics have the number, and the log has all of them.
FAILURES_SHOWN = 5


@dataclass(frozen=True)
class Measures(Collector):
    """What a controller measures, for a registry."""

    metrics: Callable[[], Iterable[Metric]]

    def collect(self) -> Iterable[Metric]:
        """Measure."""
        return self.metrics()


def failures(queue: WorkQueue) -> list[str]:
    """Return what fails of a queue's objects: the first few, and how many there are beside."""
    problems = list(queue.problems.items())
    shown = [f"{queue.name} {key}: {said}" for key, said in problems[:FAILURES_SHOWN]]
    more = len(problems) - len(shown)
    return [*shown, f"{queue.name}: {more} more"] if more else shown


def measured(leadership: Leadership, gate: LeaderGate, queues: Iterable[WorkQueue]) -> Iterator[Metric]:
    """Yield the metrics of the machinery that all parts share."""
    leading = "1 while this replica leads and may write."
    yield GaugeMetricFamily("berth_controller_leading", leading, value=float(leadership.is_leading))
    depth = GaugeMetricFamily("berth_controller_queue_depth", "Objects that wait for a look.", labels=["duty"])
    failing = GaugeMetricFamily("berth_controller_failing", "Objects whose last look failed.", labels=["duty"])
    for queue in queues:
        depth.add_metric([queue.name], queue.depth)
        failing.add_metric([queue.name], len(queue.problems))
    yield depth
    yield failing
    writes = CounterMetricFamily("berth_controller_writes", "Writes to the API server.", labels=["verb", "outcome"])
    for (verb, outcome), count in sorted(gate.passed.items()):
        writes.add_metric([verb, outcome.value], count)
    yield writes

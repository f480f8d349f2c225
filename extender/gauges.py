"""Gauges of what is idle, stranded and expected, computed when somebody looks."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from extender.pages import Pages
from placement.scheduling.summary import Summary
from placement.scheduling.tasks import Task

# Whole devices that are asked for on one node, as engines shard models.
SIZES = (1, 2, 4, 8)

_AMOUNTS = {
    "capacity": "Accelerators that nodes offer, in devices.",
    "allocated": "Accelerators that pods hold, in flight or bound, in devices.",
    "unallocated": "Accelerators that nobody holds, in devices.",
    "stranded": "Idle accelerators that the expected mix of pods cannot use, in devices.",
    "closed": "Idle accelerators of nodes that are cordoned or not ready, in devices.",
    "largest_pod": "Whole devices that the largest pod may ask which still fits on one node.",
    "largest_share": "What is left of the device with most, in devices.",
    "overfilled_nodes": "Nodes of which pods hold more than there is; they count as full.",
}


class Gauges(Collector):
    """The inventory of each resource and class (class empty: all nodes), and the expected mix by size."""

    def __init__(self, pages: Pages, registry: CollectorRegistry) -> None:
        self._pages = pages
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, so that registering asks nobody."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        found = list(self._pages.summaries())
        labels = ["resource", "class"]
        for name, text in _AMOUNTS.items():
            gauge = GaugeMetricFamily(f"berth_accelerators_{name}", text, labels=labels)
            for each in found:
                gauge.add_metric([each.resource, each.class_name], _amounts(each)[name])
            yield gauge
        yield _by_idle(found)
        yield from self._mix()

    def _mix(self) -> Iterator[Metric]:
        text = "Share of pods that are expected to ask for so much."
        share = GaugeMetricFamily("berth_expected_mix_share", text, labels=["resource", "size"])
        arrivals = GaugeMetricFamily("berth_expected_mix_arrivals", "Pods that the mix rests on.", labels=["resource"])
        text = "How much leaves of what is placed, from 0 to 1."
        turnover = GaugeMetricFamily("berth_expected_mix_turnover", text, labels=["resource"])
        for resource, expected in self._pages.expected().items():
            arrivals.add_metric([resource], expected.arrivals)
            turnover.add_metric([resource], expected.turnover.share)
            sizes = dict.fromkeys(("share", *map(str, SIZES), "other"), 0.0)
            for task, popularity in zip(expected.mix.tasks, expected.mix.popularity, strict=True):
                sizes[size_of(task)] += popularity
            for size, popularity in sizes.items():
                share.add_metric([resource, size], popularity)
        yield from (share, arrivals, turnover)


def size_of(task: Task) -> str:
    """Return the name of a task's size: `share`, the number of its devices, or `other`."""
    if task.is_share:
        return "share"
    return str(task.devices) if task.devices in SIZES else "other"


def _amounts(summary: Summary) -> dict[str, float]:
    return {
        "capacity": summary.capacity,
        "allocated": summary.allocated,
        "unallocated": summary.unallocated,
        "stranded": summary.stranded,
        "closed": summary.closed,
        "largest_pod": summary.largest,
        "largest_share": summary.largest_share,
        "overfilled_nodes": summary.overfilled,
    }


def _by_idle(found: Iterable[Summary]) -> Metric:
    text = "Nodes on which at least so many whole devices are idle."
    gauge = GaugeMetricFamily("berth_accelerator_nodes_idle", text, labels=["resource", "class", "devices"])
    for each in found:
        for size in SIZES:
            nodes = sum(count for idle, count in each.by_idle.items() if idle >= size)
            gauge.add_metric([each.resource, each.class_name, str(size)], nodes)
    return gauge

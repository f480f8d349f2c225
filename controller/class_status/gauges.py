"""Metrics of the classes, measured when somebody asks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from cluster.view import ClusterView
from placement.class_census import ClassCensus
from placement.class_conflicts import ClassConflicts
from placement.class_counts import ClassCounts

# Each class is eight series. Those whose names come later are counted and not told one by one.
MOST_CLASSES = 1_000


def class_gauges(view: ClusterView, census: ClassCensus, conflicts: ClassConflicts) -> Iterator[Metric]:
    """Yield what there is to measure of the classes; of each of the first ones by name what it has."""
    classes = GaugeMetricFamily("berth_classes", "AcceleratorClasses, by whether they are in force.", labels=["state"])
    classes.add_metric(["valid"], len(view.catalog.names))
    classes.add_metric(["invalid"], len(view.class_problems))
    yield classes
    yield GaugeMetricFamily("berth_class_conflicts", "Classes that another one contradicts.", value=len(conflicts))
    told = {name: counts for name in view.catalog.names[:MOST_CLASSES] if (counts := census.of(name))}
    yield _nodes(told)
    yield _accelerators(told)
    yield from _ratios({name: counts for name, counts in told.items() if counts.total})


def _nodes(told: dict[str, ClassCounts]) -> Metric:
    family = GaugeMetricFamily("berth_class_nodes", "Nodes that carry a class.", labels=["class", "state"])
    for name, counts in told.items():
        for standing, number in counts.nodes.items():
            family.add_metric([name, standing.value], number)
    return family


def _accelerators(told: dict[str, ClassCounts]) -> Metric:
    family = GaugeMetricFamily("berth_class_accelerators", "Accelerators of a class.", labels=["class", "state"])
    for name, counts in told.items():
        family.add_metric([name, "total"], counts.total)
        family.add_metric([name, "available"], counts.available)
    return family


def _ratios(told: dict[str, ClassCounts]) -> Iterator[Metric]:
    """Yield the two of proposal OEP-0003; of classes that have accelerators."""
    available = GaugeMetricFamily(
        "ome_accelerator_availability", "Part of a class's accelerators that a pod can have.", labels=["class"]
    )
    held = GaugeMetricFamily(
        "ome_accelerator_utilization", "Part of a class's accelerators that pods hold.", labels=["class"]
    )
    for name, counts in told.items():
        available.add_metric([name], counts.available / counts.total)
        held.add_metric([name], counts.held / counts.total)
    yield from (available, held)

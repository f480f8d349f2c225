"""Readings: numbers that somebody else keeps, by one label, read whenever somebody looks."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Values = Callable[[], Mapping[str, float]]


class Readings(Collector):
    """One metric: a gauge, or a counter where the name ends in `_total`; its labels are few, and always the same."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, label: str, values: Values) -> None:
        self._name = name
        self._text = text
        self._label = label
        self._values = values
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, so that registering asks nobody."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        kind = CounterMetricFamily if self._name.endswith("_total") else GaugeMetricFamily
        family = kind(self._name, self._text, labels=[self._label])
        for value, number in self._values().items():
            family.add_metric([value], number)
        yield family

"""What watches the extender from outside: metrics."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from extender.binding import Bound
from extender.desk import Decided, Outcome
from extender.outbox import Sent

# An answer costs from a tenth of a millisecond to some tens of them; kube-scheduler's patience ends within two seconds.
_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)


class Verb(StrEnum):
    """What kube-scheduler asks."""

    FILTER = "filter"
    PRIORITIZE = "prioritize"
    BIND = "bind"


class Verdict(StrEnum):
    """How a filter question ended."""

    PLACED = "placed"
    EXHAUSTED = "exhausted"  # Nothing fits until others leave.
    FILTERED = "filtered"  # Nothing fits, and waiting does not help.
    PASSED = "passed"  # Nothing was decided: every node passed.


_PASSES = frozenset({Outcome.OTHER_POD, Outcome.PASSTHROUGH, Outcome.NOT_SYNCED})


class Metrics:
    """Metrics on a registry; every label value is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = self._counter("requests", "Requests.", "verb", "outcome")
        self._decisions = self._counter("decisions", "Filter questions.", "verdict")
        self._bindings = self._counter("bindings", "Bindings of pods with shares of devices.", "outcome")
        self._seconds = Histogram(
            "berth_extender_request_duration_seconds",
            "Time from the head of a request to its answer.",
            ["verb"],
            buckets=_BUCKETS,
            registry=registry,
        )
        for verb in Verb:
            self._seconds.labels(verb.value)
            for outcome in Outcome:
                self._requests.labels(verb.value, outcome.value)
        for verdict in Verdict:
            self._decisions.labels(verdict.value)
        for bound in Bound:
            self._bindings.labels(bound.value)

    def watch(self, holds: Callable[[], int], nodes: Callable[[], int]) -> None:
        """Read gauges from what is known of the cluster whenever somebody looks."""
        self.gauge("holds", "Pods in flight: answered a node for, and not yet seen bound.", holds)
        self.gauge("nodes", "Nodes that are known.", nodes)

    def gauge(self, name: str, text: str, count: Callable[[], int]) -> None:
        """Read one gauge whenever somebody looks."""
        Gauge(f"berth_extender_{name}", text, registry=self._registry).set_function(count)

    def answered(self, verb: Verb, outcome: Outcome, seconds: float) -> None:
        """Be told of a request that was answered."""
        self._requests.labels(verb.value, outcome.value).inc()
        self._seconds.labels(verb.value).observe(seconds)
        if verb is Verb.FILTER and outcome in _PASSES:
            self._decisions.labels(Verdict.PASSED.value).inc()

    def __call__(self, decided: Decided, _at: datetime) -> None:
        """Be told of a decision."""
        self._decisions.labels(verdict_of(decided).value).inc()

    def bound(self, outcome: Bound) -> None:
        """Be told what kube-scheduler was answered about a Binding."""
        self._bindings.labels(outcome.value).inc()

    def writes(self, kind: str, text: str) -> Callable[[Sent], None]:
        """Return what counts the writes of a kind by what became of them."""
        counter = self._counter(kind, text, "outcome")
        for outcome in Sent:
            counter.labels(outcome.value)
        return lambda outcome: counter.labels(outcome.value).inc()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"berth_extender_{name}_total", text, labels, registry=self._registry)


def verdict_of(decided: Decided) -> Verdict:
    """Return how a question ended about which was decided."""
    if decided.decision.winner:
        return Verdict.PLACED
    return Verdict.EXHAUSTED if decided.decision.is_exhausted else Verdict.FILTERED

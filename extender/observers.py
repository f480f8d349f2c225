"""What watches the extender from outside: metrics."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from extender.binding import Bound
from extender.desk import Decided, Outcome
from extender.outbox import Sent
from extender.readings import Readings, Values
from extender.sickness import Kind
from placement.scheduling.decisions import Decision

# An answer costs from a tenth of a millisecond to some tens of them; kube-scheduler's patience ends within two seconds.
_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)

# Nodes of a question, from those that an affinity leaves to those of the largest clusters.
_NODE_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)


class Verb(StrEnum):
    """What kube-scheduler asks, and everything else that comes over HTTP, of which only refusals count."""

    FILTER = "filter"
    PRIORITIZE = "prioritize"
    PREEMPT = "preempt"
    BIND = "bind"
    OTHER = "other"


class Verdict(StrEnum):
    """How a filter question ended."""

    PLACED = "placed"
    EXHAUSTED = "exhausted"  # Nothing fits until others leave.
    FILTERED = "filtered"  # Nothing fits, and waiting does not help.
    PASSED = "passed"  # Nothing was decided: every node passed.


_PASSES = frozenset({Outcome.OTHER_POD, Outcome.PASSTHROUGH})


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
        self._candidates = Histogram(
            "berth_extender_candidates",
            "Nodes of a filter question about a pod with accelerators.",
            buckets=_NODE_BUCKETS,
            registry=registry,
        )
        self._failed_pods = self._counter("failed_pods", "Pods that failed on the node that was answered.", "kind")
        for kind in Kind:
            self._failed_pods.labels(kind.value)
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

    def read(self, name: str, text: str, label: str, values: Values) -> None:
        """Read numbers by a label whenever somebody looks."""
        Readings(self._registry, f"berth_extender_{name}", text, label, values)

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
        self._candidates.observe(asked_about(decided.decision))

    def failed(self, kind: Kind) -> None:
        """Be told of a pod that failed on the node that was answered."""
        self._failed_pods.labels(kind.value).inc()

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


def asked_about(decision: Decision) -> int:
    """Return for how many nodes kube-scheduler asked."""
    return max(decision.fitting, len(decision.candidates)) + len(decision.rejections)


def verdict_of(decided: Decided) -> Verdict:
    """Return how a question ended about which was decided."""
    if decided.decision.winner:
        return Verdict.PLACED
    return Verdict.EXHAUSTED if decided.decision.is_exhausted else Verdict.FILTERED

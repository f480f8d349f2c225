"""What watches the controller from outside: metrics, and a log line for every change and every new trouble."""

import logging
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LOG = logging.getLogger("berth.controller")


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at what a duty keeps: what it changed, or why it failed."""

    duty: str
    seconds: float
    changes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to hold the lease: what it came to, who holds the lease, and what went wrong."""

    is_leading: bool
    holder: str
    transitions: int
    problem: str = ""


class Observers:
    """Metrics on a registry and the log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._passes = Counter(
            "berth_controller_passes_total", "Looks at what should be.", ["duty", "outcome"], registry=registry
        )
        self._changes = Counter("berth_controller_changes_total", "Objects written.", ["duty"], registry=registry)
        self._seconds = Histogram(
            "berth_controller_pass_duration_seconds", "Duration of one look.", ["duty"], registry=registry
        )
        self._lease_failures = Counter(
            "berth_controller_lease_failures_total", "Failed attempts to take or renew the lease.", registry=registry
        )
        self._transitions = Gauge(
            "berth_controller_lease_transitions", "How often the lease went to another holder.", registry=registry
        )
        self._leads = False

    def __call__(self, seen: Pass) -> None:
        """Be told of one look; never raises."""
        self._passes.labels(seen.duty, "failed" if seen.problem else "succeeded").inc()
        self._changes.labels(seen.duty).inc(len(seen.changes))
        self._seconds.labels(seen.duty).observe(seen.seconds)
        for change in seen.changes:
            _LOG.info("%s", change, extra={"duty": seen.duty})
        if seen.problem:
            _LOG.warning("%s", seen.problem, extra={"duty": seen.duty})

    def on_attempt(self, seen: Attempt) -> None:
        """Be told of one attempt to hold the lease; never raises."""
        self._transitions.set(seen.transitions)
        if seen.problem:
            self._lease_failures.inc()
            _LOG.warning("lease: %s", seen.problem)
        if seen.is_leading != self._leads:
            self._leads = seen.is_leading
            fields = {"holder": seen.holder, "transitions": seen.transitions}
            _LOG.info("this replica %s", "leads" if seen.is_leading else "no longer leads", extra=fields)

"""What watches the webhook from outside: metrics and the log."""

import logging
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from webhook.selections import Selection, SelectionObserver

_LOG = logging.getLogger("berth.webhook")
# An admission costs well under a millisecond; the API server's own histogram begins at 5 ms.
BUCKETS_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 3)


class Fault(StrEnum):
    """Why a request got no answer."""

    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of one admission request."""

    INJECTED = "injected"
    UNTOUCHED = "untouched"  # Nothing asks for a class.
    UNFIT = "unfit"  # A class was wanted, and none will do.
    DENIED = "denied"
    WARNED = "warned"  # Only told what enforcing would do.
    AUDITED = "audited"  # Only recorded what enforcing would do.
    NOT_UNDERSTOOD = "not_understood"  # The pod cannot be read; admitted unchanged.
    UNPATCHABLE = "unpatchable"  # The patch did not apply; admitted unchanged.
    NOT_SYNCED = "not_synced"  # Asked before the cluster was known; admitted unchanged.
    NAMESPACE_UNKNOWN = "namespace_unknown"  # Its labels cannot be read; admitted unchanged.
    BAD_REQUEST = Fault.BAD_REQUEST.value
    TOO_LARGE = Fault.TOO_LARGE.value
    TOO_SLOW = Fault.TOO_SLOW.value
    BUSY = Fault.BUSY.value
    FAILED = Fault.FAILED.value


# What is routine; everything else is worth a warning.
_LEVELS = {
    Outcome.UNTOUCHED: logging.DEBUG,
    Outcome.INJECTED: logging.INFO,
    Outcome.AUDITED: logging.INFO,
    Outcome.WARNED: logging.INFO,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One answered admission request; `selection` is what was selected, where pods of the namespace get it."""

    outcome: Outcome
    namespace: str = ""
    pod: str = ""
    accelerator_class: str = ""
    is_dry_run: bool = False
    detail: str = ""
    selection: Selection | None = None


class Observers:
    """Metrics on a registry, and a log line for whatever is not routine."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "berth_webhook_requests_total", "Admission requests by outcome.", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "berth_webhook_request_duration_seconds",
            "Time from a read request to its answer.",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._counts = {outcome: requests.labels(outcome.value) for outcome in Outcome}
        self._selections = SelectionObserver(registry, BUCKETS_SECONDS)

    def answered(self, event: Event, seconds: float) -> None:
        """Be told of an answered request, and of the time that it took."""
        self._seconds.observe(seconds)
        if event.selection and not event.is_dry_run:
            self._selections(event.selection, seconds)
        self(event)

    def __call__(self, event: Event) -> None:
        """Be told of a request and what became of it; never raises."""
        self._counts[event.outcome].inc()
        level = _LEVELS.get(event.outcome, logging.WARNING)
        if not _LOG.isEnabledFor(level):
            return
        fields = {
            "namespace": event.namespace,
            "pod": event.pod,
            "class": event.accelerator_class,
            "dryRun": event.is_dry_run,
            "detail": event.detail,
        }
        _LOG.log(level, "admission %s", event.outcome.value, extra={k: v for k, v in fields.items() if v})

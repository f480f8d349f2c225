"""What watches the validation of classes and profiles from outside: metrics and the log."""

import logging
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from webhook.observers import BUCKETS_SECONDS, Fault

_LOG = logging.getLogger("berth.webhook")


class Kind(StrEnum):
    """Of which kind the object is."""

    CLASS = "AcceleratorClass"
    PROFILE = "AcceleratorProfile"
    OTHER = "other"  # Of none of these, or nobody knows.


class Check(StrEnum):
    """What became of one validation; only `denied` keeps an object out."""

    ALLOWED = "allowed"
    WARNED = "warned"  # Legal, but something about it is suspicious.
    DENIED = "denied"
    UNTOUCHED = "untouched"  # Nothing to judge: another kind, a status, an object that is being deleted.
    NOT_SYNCED = "not_synced"  # Asked before the cluster was known.
    UNASKED = "unasked"  # Whether a named class exists could not be found out.
    BAD_REQUEST = Fault.BAD_REQUEST.value
    TOO_LARGE = Fault.TOO_LARGE.value
    TOO_SLOW = Fault.TOO_SLOW.value
    BUSY = Fault.BUSY.value
    FAILED = Fault.FAILED.value


_LEVELS = {
    Check.ALLOWED: logging.DEBUG,
    Check.UNTOUCHED: logging.DEBUG,
    Check.WARNED: logging.INFO,
    Check.DENIED: logging.INFO,
}


@dataclass(frozen=True, slots=True)
class ValidationEvent:
    """One answered validation."""

    kind: Kind
    check: Check
    name: str = ""
    detail: str = ""


class ValidationObservers:
    """Metrics on a registry, and a log line for whatever is worth one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts = Counter(
            "berth_webhook_validations_total",
            "Validations of classes and profiles by outcome.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "berth_webhook_validation_duration_seconds",
            "Time from a read request to its answer.",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )

    def answered(self, event: ValidationEvent, seconds: float) -> None:
        """Be told of an answered validation, and of the time that it took."""
        self._seconds.observe(seconds)
        self(event)

    def __call__(self, event: ValidationEvent) -> None:
        """Be told of a validation and what became of it; never raises."""
        self._counts.labels(event.kind.value, event.check.value).inc()
        level = _LEVELS.get(event.check, logging.WARNING)
        fields = {"kind": event.kind.value, "object": event.name, "detail": event.detail}
        _LOG.log(level, "validation %s", event.check.value, extra={k: v for k, v in fields.items() if v})

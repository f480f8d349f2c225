"""Who shook hands with the extender: until when the caller's certificate lasts, and who was turned away and why."""

import logging
from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

# A caller that is turned away comes again with every pod.
LOG_SECONDS = 60.0

_LOG = logging.getLogger("berth.extender")


class CallerMetrics:
    """Metrics on a registry; each reason is logged too, once a minute at most. `seconds` counts and never goes back."""

    def __init__(self, registry: CollectorRegistry, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._logged: dict[str, float] = {}
        self._refused = Counter(
            "berth_extender_refused_handshakes_total",
            "Connections of callers without a certificate that is trusted.",
            ["reason"],
            registry=registry,
        )
        self._until = Gauge(
            "berth_extender_caller_certificate_expiration_timestamp_seconds",
            "When the certificate ends that a caller showed last; 0 before the first.",
            registry=registry,
        )

    def admitted(self, until: datetime) -> None:
        """Keep until when the certificate is valid."""
        self._until.set(until.timestamp())

    def refused(self, reason: str) -> None:
        """Count a connection."""
        self._refused.labels(reason).inc()
        now = self._seconds()
        if now - self._logged.get(reason, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged[reason] = now
            _LOG.warning("caller turned away", extra={"reason": reason})

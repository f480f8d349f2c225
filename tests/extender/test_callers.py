"""What is told of those who shook hands with the extender."""

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from extender.callers import LOG_SECONDS, CallerMetrics


def test_each_reason_is_counted_always_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A scheduler with the wrong certificate comes again with every pod, and must not fill the log."""
    registry, seconds = CollectorRegistry(), [0.0]
    callers = CallerMetrics(registry, lambda: seconds[0])
    logged = []
    for now in (0.0, 1.0, LOG_SECONDS - 1, LOG_SECONDS, LOG_SECONDS + 1):
        seconds[0] = now
        for reason in ("certificate has expired", "peer did not return a certificate"):
            callers.refused(reason)
        logged.append(len(caplog.records))

    assert logged == [2, 2, 2, 4, 4]
    for reason in ("certificate has expired", "peer did not return a certificate"):
        assert registry.get_sample_value("berth_extender_refused_handshakes_total", {"reason": reason}) == 5


def test_the_end_of_the_last_callers_certificate_is_told() -> None:
    """So that somebody can be warned whose files are on a host that nobody looks at."""
    registry = CollectorRegistry()
    callers = CallerMetrics(registry, lambda: 0.0)
    until = datetime(2031, 5, 4, tzinfo=UTC)

    callers.admitted(until)

    name = "berth_extender_caller_certificate_expiration_timestamp_seconds"
    assert registry.get_sample_value(name) == until.timestamp()

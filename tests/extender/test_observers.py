"""Metrics of the extender."""

from prometheus_client import CollectorRegistry, generate_latest

from extender.observers import Metrics


def test_every_label_value_is_there_from_the_start_and_there_are_no_others() -> None:
    """So rates begin at zero, and no cluster can make them many."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.watch(lambda: 3, lambda: 12)
    for kind in ("annotations", "events", "touches"):
        metrics.writes(kind, "Writes.")

    text = generate_latest(registry).decode()
    samples = [line for line in text.splitlines() if not line.startswith("#") and "_created" not in line]

    assert 'berth_extender_requests_total{outcome="answered",verb="filter"} 0.0' in samples
    assert 'berth_extender_decisions_total{verdict="exhausted"} 0.0' in samples
    assert 'berth_extender_events_total{outcome="dropped"} 0.0' in samples
    assert "berth_extender_holds 3.0" in samples
    assert "berth_extender_nodes 12.0" in samples
    assert len(samples) < 120

"""Metrics of the extender."""

from prometheus_client import CollectorRegistry, generate_latest

from extender.desk import Decided
from extender.observers import Metrics
from placement.pods import Pod
from placement.requirements import Requirements
from tests.builders import H100, NVIDIA, inventory, node
from tests.extender.known import NOON
from tests.placement.clusters import decide


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
    assert 'berth_extender_failed_pods_total{kind="admission"} 0.0' in samples
    assert len(samples) < 250


def test_what_others_count_is_read_when_somebody_looks() -> None:
    """As a counter where it only grows, as a gauge otherwise."""
    registry, kept = CollectorRegistry(), {"hit": 3, "miss": 1}
    metrics = Metrics(registry)
    metrics.read("kept_total", "Verdicts.", "outcome", lambda: kept)
    metrics.read("state_age_seconds", "Age.", "kind", lambda: {"nodes": 2.5})

    kept["hit"] += 1
    text = generate_latest(registry).decode()

    assert "# TYPE berth_extender_kept_total counter" in text
    assert 'berth_extender_kept_total{outcome="hit"} 4.0' in text
    assert "# TYPE berth_extender_state_age_seconds gauge" in text
    assert 'berth_extender_state_age_seconds{kind="nodes"} 2.5' in text


def test_the_nodes_of_each_question_are_counted() -> None:
    """Those that were told and those that were refused."""
    registry, asked = CollectorRegistry(), Requirements({NVIDIA: 1}, {NVIDIA: 1})
    nodes = inventory(*(node(f"n{index}", H100) for index in range(7)), *(node(f"c{index}") for index in range(4)))
    metrics = Metrics(registry)
    metrics(Decided(Pod("ml", "p", "u"), asked, decide(asked, nodes, nodes.nodes)), NOON)

    assert registry.get_sample_value("berth_extender_candidates_sum") == 11

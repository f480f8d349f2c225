"""What rules and dashboard ask for is what running programs expose."""

import re
import time

import pytest

from tests.monitoring.conftest import PROGRAMS, Scrape
from tests.monitoring.expressions import metrics_of, values_of
from tests.monitoring.promtool import promtool, rules
from tests.monitoring.test_dashboard import queries
from webhook.observers import Outcome

RECORDED = {rule["record"] for rule in rules() if "record" in rule}
EXPRESSIONS = [*(rule["expr"] for rule in rules()), *(query for _, query in queries())]

# Series that come with what they count, and metrics of an extender that serves TLS.
SELDOM: dict[str, dict[str, set[str]]] = {
    "apiserver_admission_webhook_rejection_count": {"error_type": {"no_error"}},
    "berth_extender_caller_certificate_expiration_timestamp_seconds": {},
    "berth_extender_refused_handshakes_total": {},
    "berth_controller_writes_total": {"outcome": {"refused"}},
    "berth_webhook_validations_total": {"outcome": {Outcome.FAILED.value}},
    "leader_election_master_status": {},
    "ome_accelerator_selection_total": {"outcome": {"denied"}},
    "scheduler_schedule_attempts_total": {"result": {"error"}},
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_metrics_are_what_prometheus_expects(scrape: Scrape, program: str) -> None:
    """Names, units, help and types pass its lint."""
    promtool("check", "metrics", stdin=scrape.metrics[program])


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_tells_which_build_it_is(scrape: Scrape, program: str) -> None:
    """As `berth version` does."""
    assert scrape.values("berth_build_info", "program") == set(PROGRAMS)
    assert re.search(
        rf'^berth_build_info{{program="{program}",revision="unknown",version="\d+\.\d+\.\d+"}} 1\.0$',
        scrape.metrics[program],
        re.MULTILINE,
    )


def test_the_webhook_tells_when_its_certificate_ends(scrape: Scrape) -> None:
    """In seconds since 1970; the controller's certificates live for 90 days."""
    name = "berth_serving_certificate_expiration_timestamp_seconds"
    (ends_at,) = re.findall(rf"^{name} (\S+)$", scrape.metrics["webhook"], re.MULTILINE)

    assert 89 < (float(ends_at) - time.time()) / 86400 < 91


def test_every_metric_that_is_asked_for_is_there(scrape: Scrape) -> None:
    """Of the programs themselves, as they run; a recording is one of the rules'."""
    asked = {name for each in EXPRESSIONS for name in metrics_of(each)}

    assert asked - RECORDED - scrape.names - SELDOM.keys() == set()
    assert len(asked) > 50


def test_every_value_that_is_asked_for_is_there(scrape: Scrape) -> None:
    """A rule about an outcome that no program has would never fire."""
    asked = {each for expression in EXPRESSIONS for each in values_of(expression) if each[0] not in RECORDED}
    missing = {(name, label, value) for name, label, value in asked if value not in known(scrape, name, label)}

    assert {each for each in missing if each[2] not in SELDOM.get(each[0], {}).get(each[1], set())} == set()


def known(scrape: Scrape, metric: str, label: str) -> set[str]:
    """Return the values of a label; every duty is told from the start of one metric alone."""
    return scrape.values("berth_controller_failing" if label == "duty" else metric, label)


def test_every_metric_of_berth_is_shown_or_watched(scrape: Scrape) -> None:
    """But for those that repeat others, or that only a question about one thing needs."""
    asked = {name for each in EXPRESSIONS for name in metrics_of(each)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in scrape.names if re.match("berth_|ome_", name)}

    assert families - {re.sub(r"_bucket$", "", name) for name in asked} == UNASKED


UNASKED = {
    "berth_accelerators_closed",
    "berth_accelerators_largest_share",
    "berth_accelerators_overfilled_nodes",
    "berth_accelerators_unallocated",
    "berth_classes_scalable",
    "berth_controller_lease_failures_total",
    "berth_expected_mix_arrivals",
    "berth_expected_mix_turnover",
    "berth_extender_kept_total",
    "berth_extender_nodes",
    "berth_extender_trespass_events_total",
    "berth_kueue_flavors",
    "berth_webhook_validation_duration_seconds",
    "ome_accelerator_availability",
    "ome_accelerator_selection_duration_seconds",
    "ome_accelerator_utilization",
}

"""What docs/operating.md says of the controller's machinery is what it does."""

from prometheus_client import CollectorRegistry

from controller.leading.gate import LeaderGate, Outcome, Pace
from controller.leading.leadership import LONGEST_SECONDS, LeaseTiming
from controller.observers import Observers
from controller.ports import Alone
from controller.reconciling.measures import Measures, measured
from controller.reconciling.work import STEADY
from controller.settings import ControllerSettings
from tests.docs.pages import codes, page, prose, rows

PAGE = page("operating.md")


def test_every_metric_of_the_machinery_is_told() -> None:
    """With what can become of a write."""
    registry = CollectorRegistry()
    Observers(registry)
    gate = LeaderGate(Alone(), Pace(1, 1))
    registry.register(Measures(lambda: measured(Alone(), gate, [])))
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    told = {codes(row[0])[0]: row[2] for row in rows(PAGE, "controller's metric")}

    assert told.keys() == names
    assert codes(told["berth_controller_writes_total"]) == [each.value for each in Outcome]


def test_times_are_those_of_the_program() -> None:
    """In words, where a setting or a constant has them."""
    text = " ".join(prose(PAGE).split())
    timing, settings = LeaseTiming(), ControllerSettings()

    assert timing.duration_seconds == settings.lease_duration_seconds
    assert f"not renewed for {settings.lease_duration_seconds} s (setting `lease_duration_seconds`)" in text
    assert f"cannot renew for {timing.renewed_within_seconds:g} s writes no more" in text
    assert f"is waited out, {LONGEST_SECONDS} s at the longest" in text
    assert (STEADY.least_seconds, settings.interval_seconds) == (1, 60)
    assert (STEADY.first_retry_seconds, STEADY.longest_retry_seconds) == (1, 60)

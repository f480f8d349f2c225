"""The condition Ready: what it says, and when its time changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.reconciling.conditions import Condition, Judgement, readiness, succession

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OTHER = {"type": "Discovered", "status": "True", "reason": "Found", "message": "", "lastTransitionTime": "x"}


def after(conditions: list[dict[str, Any]], judgement: Judgement, generation: int, now: datetime) -> list[Condition]:
    """Return the new conditions, of which there must be some."""
    new = succession(conditions, [judgement], generation, now)
    assert new is not None
    return new


@pytest.mark.parametrize(
    ("problems", "status", "reason"),
    [
        ([], "True", "Valid"),
        (["spec.discovery.nodeSelectorTerms[0]: 'Gte' is no operator"], "False", "InvalidSelector"),
        (["spec.capabilities.memoryGB: 'much' is no quantity"], "False", "InvalidObject"),
        (["spec.cost.perHour: no number", "spec.discovery: selects no node"], "False", "InvalidSelector"),
    ],
)
def test_a_class_is_judged_by_its_problems(problems: list[str], status: str, reason: str) -> None:
    """The reason tells a selector that picks no nodes from anything else, the message has every problem."""
    (condition,) = after([], readiness(problems), 3, NOW)

    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", status, reason)
    assert condition["message"] == ("; ".join(problems) or "It is in force.")
    assert condition["observedGeneration"] == 3


def test_a_judgement_that_stands_already_is_not_written_again() -> None:
    """Nothing is written to say the same at another time."""
    conditions = [dict(each) for each in after([], readiness([]), 1, NOW)]

    assert succession(conditions, [readiness([])], 1, LATER) is None


@pytest.mark.parametrize(
    ("problems", "generation", "since"),
    [
        ([], 2, "2026-05-04T12:00:00Z"),
        (["spec: wrong"], 2, "2026-05-04T13:00:00Z"),
    ],
    ids=["another generation", "another status"],
)
def test_the_time_of_transition_changes_with_the_status_alone(problems: list[str], generation: int, since: str) -> None:
    """A class that stays valid through an edit keeps the time since when it is valid."""
    conditions = [dict(each) for each in after([], readiness([]), 1, NOW)]
    (new,) = after(conditions, readiness(problems), generation, LATER)

    assert (new["observedGeneration"], new["lastTransitionTime"]) == (generation, since)


def test_a_message_has_room_in_the_status() -> None:
    """An API server that refuses the longest of messages would leave a class without any status."""
    problems = [f"spec.discovery.nodeSelectorTerms[{index}]: {'x' * 300}" for index in range(1000)]
    (condition,) = after([], readiness(problems), 1, NOW)

    assert len(condition["message"]) == 4096
    assert succession([dict(condition)], [readiness(problems)], 1, LATER) is None


def test_conditions_of_others_stay_as_they_are() -> None:
    """A list in a status has several authors."""
    old = after([OTHER], readiness([]), 1, NOW)

    assert after([dict(each) for each in old], readiness(["spec: wrong"]), 2, LATER)[0] == OTHER


def test_a_condition_about_which_there_is_nothing_to_say_goes() -> None:
    """What was true of an object that is another by now does not stand there for ever."""
    old = after([OTHER], readiness([]), 1, NOW)

    assert after([dict(each) for each in old], Judgement.absent("Ready"), 2, LATER) == [OTHER]

"""What is remembered of decisions."""

from dataclasses import replace

import pytest

from extender.desk import Decided
from extender.journal import Journal
from placement.pods import Pod
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements
from tests.builders import H100, NVIDIA, inventory, node
from tests.extender.known import NOON
from tests.placement.clusters import decide

ASKED = Requirements({NVIDIA: 1}, {NVIDIA: 1})
FULL = replace(node("full", H100), held={NVIDIA: 8})
NODES = inventory(*(node(f"n{index}", H100) for index in range(6)), FULL, *(node(f"c{index}") for index in range(20)))


def decided(name: str = "p", uid: str = "u1") -> Decided:
    """Return a decision about a pod: six nodes fit, 21 do not."""
    return Decided(Pod("ml", name, uid), ASKED, decide(ASKED, NODES, NODES.nodes))


def test_a_record_keeps_what_a_person_asks_about_and_no_more() -> None:
    """The winner, three runners-up, how often each reason was given, and ten of the rejected nodes."""
    journal = Journal()
    journal(decided(), NOON)

    record = journal.answered(Pod("ml", "p", "u1"))

    assert record is not None
    assert record.chosen is not None
    assert [each.node for each in record.best] == ["n0", "n1", "n2", "n3"]
    assert record.reasons == {"node(s) without nvidia.com/gpu": 20, "node(s) with too few free nvidia.com/gpu": 1}
    assert len(record.rejected) == 10
    assert record.rejected[0] == Rejection("full", Cause.EXHAUSTED, "node(s) with too few free nvidia.com/gpu")


def test_a_record_is_json_for_people_and_their_tools() -> None:
    """Every part of the score has its name."""
    journal = Journal()
    journal(decided(), NOON)
    record = journal.named("ml", "p")
    assert record is not None

    content = record.to_json()

    assert content["at"] == "2026-05-04T12:00:00Z"
    assert content["explanation"].startswith("6/27 nodes fit: 20 node(s) without nvidia.com/gpu")
    assert content["asked"] == {NVIDIA: 1}
    assert content["isSurvey"] is False
    assert content["chosen"]["node"] == "n0"
    score = content["chosen"]["score"]
    assert list(score) == [
        "unknown",
        "contended",
        "laterClass",
        "excess",
        "replicas",
        "cost",
        "idle",
        "idleCpu",
        "stranded",
        "wasted",
        "starved",
        "room",
        "reopening",
    ]
    assert (score["idle"], score["idleCpu"], score["wasted"]) == (8, 64, 0)
    assert score["cost"] == pytest.approx(score["stranded"] + score["room"], abs=1e-5)
    assert [each["node"] for each in content["runnersUp"]] == ["n1", "n2", "n3"]
    assert content["rejectedNodes"][0] == {
        "node": "full",
        "cause": "exhausted",
        "reason": "node(s) with too few free nvidia.com/gpu",
    }


def test_the_oldest_records_give_way() -> None:
    """Memory is bounded, whatever the cluster does."""
    journal = Journal(size=2)
    for index in range(3):
        journal(decided(f"p{index}", f"u{index}"), NOON)

    assert journal.named("ml", "p0") is None
    assert journal.answered(Pod("ml", "p0", "u0")) is None
    assert journal.named("ml", "p2") is not None


def test_another_pod_of_the_same_name_has_its_own_record() -> None:
    """A StatefulSet's pods come back under their names."""
    journal = Journal()
    journal(decided(uid="old"), NOON)
    journal(decided(uid="new"), NOON)

    named = journal.named("ml", "p")

    assert named is not None
    assert named.uid == "new"
    assert journal.answered(Pod("ml", "p", "other")) is None


def test_a_survey_is_shown_but_is_no_answer() -> None:
    """Whoever asks about the pod sees the latest, the pod's annotation tells what kube-scheduler was answered."""
    journal = Journal()
    journal.survey(decided(), NOON)

    record = journal.named("ml", "p")

    assert record is not None
    assert record.is_survey
    assert journal.answered(Pod("ml", "p", "u1")) is None

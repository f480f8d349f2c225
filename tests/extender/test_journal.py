"""What is remembered of decisions."""

import json
from dataclasses import replace
from typing import Any

import pytest

from extender.annotations import placement_annotation
from extender.desk import Decided
from extender.journal import DecisionsQuery, Journal
from extender.observers import Verdict
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
        "sick",
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


def last(journal: Journal, **query: Any) -> list[str]:
    """Return the names of the last pods that were decided about."""
    return [each.name for each in journal.last(DecisionsQuery(**query))]


def test_the_last_decisions_are_told_the_newest_first() -> None:
    """Surveys among them; of a pod that is decided about again, both."""
    journal = Journal(last=4)
    for name in ("p0", "p1", "p2", "p1"):
        journal(decided(name, name), NOON)
    journal.survey(decided("waits"), NOON)

    assert last(journal) == ["waits", "p1", "p2", "p1"]
    assert last(journal, limit=2) == ["waits", "p1"]


def test_the_last_decisions_are_told_by_namespace_node_and_verdict() -> None:
    """Each by itself, and together."""
    journal = Journal()
    other = Decided(Pod("other", "elsewhere", "u2"), ASKED, decide(ASKED, NODES, ["n5", "full"]))
    nowhere = Decided(Pod("ml", "nowhere", "u3"), ASKED, decide(ASKED, NODES, ["full"]))
    wrong = Decided(Pod("ml", "wrong", "u4"), ASKED, decide(ASKED, NODES, ["c0"]))
    for each in (decided("p"), other, nowhere, wrong):
        journal(each, NOON)

    assert last(journal, namespace="ml") == ["wrong", "nowhere", "p"]
    assert last(journal, node="n5") == ["elsewhere"]
    assert last(journal, verdict=Verdict.EXHAUSTED) == ["nowhere"]
    assert last(journal, verdict=Verdict.FILTERED) == ["wrong"]
    assert last(journal, verdict=Verdict.PLACED, namespace="ml") == ["p"]
    assert last(journal, verdict=Verdict.PLACED, namespace="none") == []


def test_a_record_tells_which_nodes_were_sick() -> None:
    """As they were when it was decided."""
    sick = frozenset({"n4", "n1"})
    journal = Journal(sick=lambda: sick)
    journal(decided(), NOON)
    sick = frozenset()

    record = journal.named("ml", "p")

    assert record is not None
    assert record.to_json()["sickNodes"] == ["n1", "n4"]
    assert json.loads(placement_annotation(record, "n0"))["sick"] == ["n1", "n4"]

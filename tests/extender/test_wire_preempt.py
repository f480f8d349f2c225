"""The verb preempt of the extender protocol, byte by byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.wire import WireError
from extender.wire_preempt import Victims, parse, result
from tests.extender.known import pod_json
from tests.extender.preemptions import preempt_args

RECORDED = Path(__file__).parent / "recorded"

# As 1.38 sends it, with a node that its own filters let pass: written by hand from k8s.io/kube-scheduler/extender/v1.
EMPTY = (
    b'{"Pod":{"metadata":{"name":"p","namespace":"ml","uid":"u1"},"spec":{"containers":null,"priority":1000},'
    b'"status":{}},"NodeNameToVictims":null,"NodeNameToMetaVictims":{"n1":{"Pods":[],"NumPDBViolations":0},'
    b'"n2":{"Pods":null,"NumPDBViolations":0},"n3":null,"n4":{"Pods":[{"UID":"v1"}],"NumPDBViolations":2}}}'
)


def test_victims_come_by_uid_where_the_scheduler_sends_names_of_nodes() -> None:
    """As a real kube-scheduler 1.37 asked it."""
    body = (RECORDED / "by-uid-preempt.json").read_bytes()
    sent = json.loads(body)

    question = parse(body)

    assert question.pod.priority == 1000
    assert question.pod.uid == sent["Pod"]["metadata"]["uid"]
    assert {name: [{"UID": uid} for uid in each.uids] for name, each in question.offered.items()} == {
        name: each["Pods"] for name, each in sent["NodeNameToMetaVictims"].items()
    }
    assert json.loads(result(question.offered)) == {"NodeNameToMetaVictims": sent["NodeNameToMetaVictims"]}


def test_victims_come_whole_where_it_sends_whole_nodes_and_are_answered_by_uid() -> None:
    """As a real kube-scheduler 1.37 asked it without nodeCacheCapable."""
    body = (RECORDED / "whole-pods-preempt.json").read_bytes()
    whole = json.loads(body)["NodeNameToVictims"]

    answer = json.loads(result(parse(body).offered))

    assert answer["NodeNameToMetaVictims"] == {
        name: {
            "Pods": [{"UID": pod["metadata"]["uid"]} for pod in each["Pods"]],
            "NumPDBViolations": each["NumPDBViolations"],
        }
        for name, each in whole.items()
    }


def test_a_node_may_come_without_victims() -> None:
    """From 1.38 on."""
    offered = parse(EMPTY).offered

    assert offered == {"n1": Victims(), "n2": Victims(), "n3": Victims(), "n4": Victims(("v1",), 2)}


def test_an_answer_has_every_field_under_its_exact_name() -> None:
    """Go writes no field names of its own into these types."""
    assert result({"n": Victims(("u1", "u2"), 1)}) == (
        b'{"NodeNameToMetaVictims":{"n":{"Pods":[{"UID":"u1"},{"UID":"u2"}],"NumPDBViolations":1}}}'
    )
    assert result({}) == b'{"NodeNameToMetaVictims":{}}'


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_names_of_the_top_level_may_be_spelled_in_any_case(spell: Any) -> None:
    """As Go reads them."""
    body = preempt_args(pod_json(), {"n": ["v"]})
    exact = json.loads(body)

    assert parse(json.dumps({spell(name): value for name, value in exact.items()}).encode()) == parse(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Input data was truncated"),
        (b"[]", "Expected `object`"),
        (b'{"NodeNameToMetaVictims": {}}', "Pod: nothing found"),
        (b'{"Pod": {"metadata": {}, "spec": {}}}', "NodeNameToMetaVictims: nothing found"),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNameToMetaVictims": {"n": 1}}', "NodeNameToMetaVictims"),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNameToVictims": {"n": {"Pods": [{}]}}}', "metadata"),
    ],
)
def test_what_cannot_be_understood_is_named(body: bytes, words: str) -> None:
    """The log of kube-scheduler has the text."""
    with pytest.raises(WireError, match=r"the body is no ExtenderPreemptionArgs: .*") as raised:
        parse(body)
    assert words in str(raised.value)


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    """Whatever comes, it is a question or a WireError."""
    try:
        parse(body)
    except WireError:
        return

"""The extender protocol, byte by byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.wire import WireError, filter_result, host_priorities, parse
from placement.rejections import Cause, Rejection
from tests.extender.known import args, pod_json

FULL = Rejection("n2", Cause.EXHAUSTED, "node(s) with too few free nvidia.com/gpu")


def test_a_question_is_a_pod_and_names() -> None:
    """Nodes by name, in the order of the scheduler."""
    question = parse(args(["n2", "n1"]))

    assert (question.pod.namespace, question.pod.name, question.pod.uid) == ("ml", "pod-u1", "u1")
    assert question.names == ("n2", "n1")
    assert question.nodes is None


@pytest.mark.parametrize("spell", [str.lower, str.upper, lambda name: name[0].lower() + name[1:]])
def test_names_of_the_top_level_may_be_spelled_in_any_case(spell: Any) -> None:
    """As Go reads them, which third parties' test tools rely on."""
    exact = json.loads(args(["n1"]))
    question = parse(json.dumps({spell(name): value for name, value in exact.items()}).encode())

    assert question == parse(args(["n1"]))


def test_an_answer_has_every_field_under_its_exact_name() -> None:
    """Go writes no field names of its own into these types, and leaves none out."""
    answer = filter_result(parse(args(["n1", "n2"])), ["n1"], [FULL])

    assert answer == (
        b'{"Nodes":null,"NodeNames":["n1"],"FailedNodes":{},"FailedAndUnresolvableNodes":'
        b'{"n2":"berth: node(s) with too few free nvidia.com/gpu"},"Error":""}'
    )


def test_an_answer_that_nothing_fits_still_has_its_list_of_names() -> None:
    """A missing list means the same, but reads like a mistake."""
    assert json.loads(filter_result(parse(args(["n2"])), [], [FULL]))["NodeNames"] == []


def test_whole_nodes_are_answered_with_whole_nodes() -> None:
    """A scheduler without nodeCacheCapable sends nodes and understands no names; each comes back byte for byte."""
    first, second = '{"metadata": {"name": "n1"},  "spec": {}}', '{"metadata":{"name":"n2"}}'
    body = f'{{"Pod": {json.dumps(pod_json())}, "Nodes": {{"metadata": {{}}, "items": [{first}, {second}]}}}}'
    question = parse(body.encode())

    answer = filter_result(question, ["n1"], [FULL])

    assert question.names == ("n1", "n2")
    assert f'{{"Nodes":{{"items":[{first}]}},"NodeNames":null'.encode() in answer


def test_scores_are_a_list_of_hosts_with_integers() -> None:
    """A fraction would fail the whole answer."""
    assert host_priorities({"n1": 10, "n2": 0}) == b'[{"Host":"n1","Score":10},{"Host":"n2","Score":0}]'
    assert host_priorities({}) == b"[]"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"NodeNames": ["n1"]}', "Pod: nothing found, a pod is needed"),
        (b'{"Pod": null, "NodeNames": []}', "Pod: nothing found, a pod is needed"),
        (b'{"Pod": {"metadata": {}, "spec": {}}}', "NodeNames: nothing found, nor in Nodes; one of them is needed"),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNames": 3}', "got `int` - at `$.NodeNames`"),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNames": [3]}', "got `int` - at `$.NodeNames[0]`"),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "Nodes": {"items": [{}]}}', "Nodes: Object missing required field"),
        (b'{"Pod": {"metadata": {}}, "NodeNames": []}', "Pod: Object missing required field `spec`"),
        (b'{"Pod": {"metadata": {"uid": 7}, "spec": {}}, "NodeNames": []}', "Pod: metadata.uid: Expected `str`"),
        (b'{"Pod": ' + b"[" * 100_000, "the body is no ExtenderArgs"),
        (b'{"Pod": {"metadata": {"name": "\xff"}, "spec": {}}, "NodeNames": []}', "Pod: "),
    ],
)
def test_broken_arguments_name_the_field_that_was_wrong(body: bytes, complaint: str) -> None:
    """And what was found there."""
    with pytest.raises(WireError) as refusal:
        parse(body)

    assert str(refusal.value).startswith("the body is no ExtenderArgs: ")
    assert complaint in str(refusal.value)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_refused(body: bytes) -> None:
    """Without a trace of what the decoder calls it."""
    with pytest.raises(WireError):
        parse(body)

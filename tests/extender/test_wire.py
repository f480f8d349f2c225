"""The extender protocol, byte by byte."""

import json
from collections.abc import Callable
from functools import partial
from operator import length_hint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.wire import Names, WireError, filter_result, host_priorities, parse
from placement.rejections import Cause, Rejection
from tests.builders import H100, node
from tests.extender.known import args, bound, known, pod_json
from tests.extender.served import is_well, serving

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
        (b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNames": 3}', "NodeNames: Expected `array`, got `int`"),
        (
            b'{"Pod": {"metadata": {}, "spec": {}}, "NodeNames": [3]}',
            "NodeNames: Expected `str`, got `int` - at `$[0]`",
        ),
        (b'{"Pod": {"metadata": {}, "spec": {}}, "Nodes": {"items": [{}]}}', "Nodes: Object missing required field"),
        (b'{"Pod": {"metadata": {}}, "NodeNames": []}', "Pod: Object missing required field `spec`"),
        (b'{"Pod": {"metadata": {"uid": 7}, "spec": {}}, "NodeNames": []}', "Pod: metadata.uid: Expected `str`"),
        (b'{"Pod": ' + b"[" * 100_000, "the body is no ExtenderArgs"),
        (b'{"Pod": {"metadata": {"name": "\xff"}, "spec": {}}, "NodeNames": []}', "Pod: "),
    ],
)
def test_broken_arguments_name_the_field_that_was_wrong(body: bytes, complaint: str) -> None:
    """And what was found there; names are read when they are asked for."""
    with pytest.raises(WireError) as refusal:
        list(parse(body).named)

    assert str(refusal.value).startswith("the body is no ExtenderArgs: ")
    assert complaint in str(refusal.value)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_refused(body: bytes) -> None:
    """Without a trace of what the decoder calls it."""
    with pytest.raises(WireError):
        parse(body)


# Names of nodes are of these characters; whoever sends a list may write anything into it.
node_names = st.text("ab-.1", min_size=1, max_size=4)
odd_names = st.text(max_size=6) | st.text('ab",\\[] \u0061\n', max_size=6)
spellings = st.sampled_from(
    [
        json.dumps,
        partial(json.dumps, ensure_ascii=False),
        partial(json.dumps, indent=1),
        lambda names: json.dumps(names, separators=(",", ":")).replace('"a', '"\\u0061'),
    ]
)


@given(st.lists(node_names | odd_names, max_size=6), node_names, spellings)
def test_a_name_is_among_names_that_nobody_has_read_where_it_is_once_they_are(
    names: list[str], name: str, spell: Callable[[list[str]], str]
) -> None:
    """Names that begin others, odd characters, escapes of every kind."""
    subject = Names(spell(names).encode())

    assert (name in subject) == (name in names)
    assert tuple(subject) == subject.all == tuple(names)
    assert length_hint(subject) > 0


@pytest.mark.parametrize("raw", [b'["a", 3]', b'["a", null]', b'["a", ["b"]]', b'{"a": 1}', b'"a"', b'["a", "\xff"]'])
def test_what_is_no_list_of_names_is_refused_when_it_is_read(raw: bytes) -> None:
    """Every time."""
    for _ in range(2):
        with pytest.raises(WireError, match="the body is no ExtenderArgs: NodeNames: "):
            list(Names(raw))
    assert length_hint(Names(raw)) > 0


@pytest.mark.parametrize(
    ("verb", "count", "names"),
    [("filter", 1, '["full", 3]'), ("filter", 0, '["free", 3]'), ("prioritize", 1, '["free", 3]')],
)
async def test_names_that_must_be_read_and_cannot_be_get_400(verb: str, count: int, names: str) -> None:
    """Where the pod fits on none that is seen without reading, or other nodes matter as well."""
    cluster = known(node("free", H100), node("full", H100), node("plain"))
    cluster.account.apply_pod(bound("full", 8))
    async with serving(cluster) as served:
        status, content = await served.ask(verb, _asking(count, names))

        assert status == 400
        assert content["error"] == "the body is no ExtenderArgs: NodeNames: Expected `str`, got `int` - at `$[1]`"
        assert await is_well(served)


async def test_names_that_nobody_had_to_read_harm_no_later_question() -> None:
    """The winner was seen among them; its decision tells nothing else, however often it is asked for."""
    async with serving(known(node("free", H100, 2), node("other", H100))) as served:
        status, content = await served.ask("filter", _asking(1, '["free", 3]'))
        assert (status, content["NodeNames"]) == (200, ["free"])
        for uid in ("u2", "u3"):
            status, content = await served.ask("filter", args(["free", "other"], pod_json(uid)))
            assert (status, content["Error"]) == (200, "")
        served.desk.settle()

        assert [len(each.decision.candidates) for each in served.told] == [1, 2, 2]
        assert served.told[0].decision.winner == served.told[0].told.winner


def _asking(count: int, names: str) -> bytes:
    return f'{{"Pod": {json.dumps(pod_json("bad", count))}, "NodeNames": {names}}}'.encode()

"""Bodies that are damaged in every way: each is answered in the protocol's own form, or refused in words."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from extender import wire_binding
from extender.desk import Answer, Desk
from extender.wire import WireError
from placement.shares import SHARES
from tests.builders import H100, MI300X, NVIDIA, node
from tests.extender.known import bound, desk_of, known, pod_json
from tests.extender.sharing import shared_node
from tests.fuzz.damage import BYTE_DAMAGE, OBJECT_DAMAGE, POD_DAMAGE

Json = dict[str, Any]

FILTER_FIELDS = {"Nodes", "NodeNames", "FailedNodes", "FailedAndUnresolvableNodes", "Error"}
ORDER = {"PodName": "p", "PodNamespace": "ml", "PodUID": "u", "Node": "n"}

chances = st.randoms(use_true_random=False)
names = st.lists(st.sampled_from(["free", "full", "amd", "shared", "nowhere"]) | st.text(max_size=5), max_size=6)
wholes = st.builds(lambda each: {"metadata": {"name": each}}, st.sampled_from(["free", "full", "nowhere"]))
pods = st.builds(
    pod_json,
    st.sampled_from(["u1", "u2", ""]),
    st.sampled_from([0, 1, 8, 500, 1500, 10**30]),
    st.sampled_from([NVIDIA, SHARES, "example.com/unknown", "cpu"]),
    st.sampled_from(["", "owner"]),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def by_names(pod: Json, nodes: list[str]) -> Json:
    """Return ExtenderArgs with names of nodes."""
    return {"Pod": pod, "Nodes": None, "NodeNames": nodes}


def by_nodes(pod: Json, nodes: list[Json]) -> Json:
    """Return ExtenderArgs with whole nodes."""
    return {"Pod": pod, "Nodes": {"metadata": {}, "items": nodes}, "NodeNames": None}


def damaged(content: Json, chance: Random) -> bytes:
    """Return a question with a damage to the pod, to the whole or to its bytes, or with none."""
    if chance.random() < 0.5 and content.get("Pod"):
        chance.choice(POD_DAMAGE)(chance, content["Pod"])
    if chance.random() < 0.3:
        chance.choice(OBJECT_DAMAGE)(chance, content)
    body = json.dumps(content).encode()
    is_damageable = {*b"e:{"} <= {*body}
    return chance.choice(BYTE_DAMAGE)(chance, body) if is_damageable and chance.random() < 0.3 else body


questions = (
    st.builds(damaged, st.builds(by_names, pods, names), chances)
    | st.builds(damaged, st.builds(by_nodes, pods, st.lists(wholes, max_size=4)), chances)
    | anything.map(lambda each: json.dumps(each).encode())
    | st.binary(max_size=50)
)
orders = st.builds(damaged, st.just(ORDER).map(dict), chances) | st.builds(
    lambda *values: json.dumps(dict(zip(ORDER, values, strict=True))).encode(), *[st.text(max_size=10) | anything] * 4
)


def desk() -> Desk:
    """Return a desk that knows a few nodes."""
    cluster = known(node("free", H100), node("full", H100), node("amd", MI300X), shared_node("shared"))
    cluster.account.apply_pod(bound("full", 8))
    return desk_of(cluster)


def answered(ask: Callable[[bytes], Answer], body: bytes) -> Any:
    """Return the content of an answer; None where the question was refused."""
    try:
        return json.loads(ask(body).body)
    except WireError:
        return None


@given(st.lists(questions, max_size=3))
def test_filter_answers_in_its_own_form(bodies: list[bytes]) -> None:
    """With every field there is, of the nodes that were asked about, and with a cause for each that is refused."""
    asked = desk()
    for body in bodies:
        content = answered(asked.filter, body)
        if content is not None:
            assert content.keys() == FILTER_FIELDS
            assert content["Error"] == ""
            assert (content["Nodes"] is None) != (content["NodeNames"] is None)
            assert all(reason.startswith("berth: ") for reason in content["FailedAndUnresolvableNodes"].values())


@given(pods, names)
def test_filter_tells_of_each_node_once(pod: Json, nodes: list[str]) -> None:
    """A node of which nothing is told would count as refused without a cause; the winner alone passes."""
    content = answered(desk().filter, json.dumps(by_names(pod, nodes)).encode())

    passed, failed = content["NodeNames"], content["FailedAndUnresolvableNodes"].keys()
    assert {*passed} | failed <= {*nodes}
    assert not {*passed} & failed
    if not passed:
        assert failed == {*nodes}


@given(questions)
def test_prioritize_answers_with_scores_from_0_to_10(body: bytes) -> None:
    """In whole numbers: a fraction would fail to decode."""
    content = answered(desk().prioritize, body)
    for each in content or ():
        assert each.keys() == {"Host", "Score"}
        assert isinstance(each["Score"], int)
        assert 0 <= each["Score"] <= 10


@given(orders)
def test_an_order_to_bind_names_what_can_be_a_path(body: bytes) -> None:
    """What it names is put into one; whatever else it says is refused."""
    try:
        order = wire_binding.parse(body)
    except WireError:
        return
    for each in (order.pod.name, order.pod.namespace, order.node):
        assert each
        assert not {*each} - {*"abcdefghijklmnopqrstuvwxyz0123456789.-"}
        assert each not in (".", "..")

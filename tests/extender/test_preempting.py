"""The journey of a preemption: on which node does it cost least, and who has to leave."""

import json
from dataclasses import replace

import pytest

from extender.desk import Outcome
from extender.preempting import Preempting
from extender.settings import Mode
from extender.wire import WireError
from placement.shares import SHARES
from tests.builders import H100, MI300X, NVIDIA, node
from tests.extender.known import args, desk_of, known, pod_json
from tests.extender.preemptions import (
    IMPORTANT,
    WHOLE,
    filtered,
    gpu_tenant,
    preempt_args,
    preempted,
    share_json,
    two_devices,
    two_nodes,
)
from tests.extender.sharing import shared_node


def test_the_node_that_costs_least_is_answered_alone() -> None:
    """kube-scheduler would choose by its own order among several; who leaves stays as it was offered."""
    desk = desk_of(two_nodes())

    assert preempted(desk, WHOLE, {"a": ["a1"], "b": ["b2", "b1"]}) == {"b": ["b2", "b1"]}


def test_the_pod_counts_as_in_flight_from_then_on() -> None:
    """Pods that may go elsewhere do, until it is placed there or elsewhere."""
    cluster = two_nodes()
    desk = desk_of(cluster)

    preempted(desk, WHOLE, {"a": ["a1"], "b": ["b2", "b1"]})
    assert cluster.account.assumed["high"].node == "b"
    assert cluster.inventory.nodes["b"].assumed[NVIDIA] == 2

    cluster.account.apply_node(node("c", H100, 2))
    assert filtered(desk, WHOLE, ["c"])["NodeNames"] == ["c"]
    assert cluster.account.assumed["high"].node == "c"
    assert not cluster.inventory.nodes["b"].assumed


def test_what_cannot_be_judged_is_answered_as_it_came() -> None:
    """A node or a pod that is not known yet; kube-scheduler chooses among them, unless something better is known."""
    desk = desk_of(two_nodes())

    unknown = {"new": ["x"], "b": ["b1", "y"]}
    assert preempted(desk, WHOLE, unknown) == unknown
    assert preempted(desk, WHOLE, {**unknown, "a": ["a1"]}) == {"a": ["a1"]}


def test_nobody_leaves_where_the_answer_would_be_an_error_or_unjust() -> None:
    """A pod that stands elsewhere fails kube-scheduler's whole preemption; a pod of the same priority stays."""
    cluster = two_nodes()
    cluster.account.apply_pod(gpu_tenant("peer", "a", 2, IMPORTANT))
    desk = desk_of(cluster)

    assert preempted(desk, WHOLE, {"a": ["b1"]}) == {}
    assert preempted(desk, WHOLE, {"a": ["peer"]}) == {}


def test_nobody_leaves_where_the_pod_would_not_fit() -> None:
    """Wrong hardware, or more held there than kube-scheduler knows of."""
    cluster = two_nodes()
    cluster.account.apply_node(node("amd", MI300X))
    cluster.account.apply_pod(replace(gpu_tenant("m", "amd", 1), containers=()))
    cluster.account.apply_pod(gpu_tenant("second-binder", "a", 2, 100))

    assert preempted(desk_of(cluster), WHOLE, {"amd": ["m"], "a": ["a1"]}) == {}


@pytest.mark.parametrize("change", ["passthrough", "not synced", "other pod"])
def test_where_nothing_is_decided_everything_is_answered_as_it_came(change: str) -> None:
    """Preemption then goes on as if the extender were not there."""
    cluster = two_nodes()
    desk = desk_of(cluster, mode=Mode.PASSTHROUGH if change == "passthrough" else Mode.ACTIVE)
    cluster.is_synced = change != "not synced"
    pod = pod_json("plain", 0) if change == "other pod" else WHOLE
    offered = {"a": ["a1"], "b": ["b2", "b1"], "unknown": ["x"]}

    answer = Preempting(desk).preempt(preempt_args(pod, offered))

    assert json.loads(answer.body) == {
        "NodeNameToMetaVictims": json.loads(preempt_args(pod, offered))["NodeNameToMetaVictims"]
    }
    assert answer.outcome in {Outcome.PASSTHROUGH, Outcome.NOT_SYNCED, Outcome.OTHER_POD}
    assert not cluster.account.assumed


def test_a_body_that_cannot_be_understood_is_refused() -> None:
    """And nothing is in flight."""
    cluster = two_nodes()

    with pytest.raises(WireError):
        Preempting(desk_of(cluster)).preempt(args(["a"]))
    assert not cluster.account.assumed


def test_whole_pods_as_victims_are_known_by_their_uid() -> None:
    """What a scheduler without nodeCacheCapable sends."""
    victims = {"b": {"Pods": [{"metadata": {"uid": uid}, "spec": {}} for uid in ("b1", "b2")], "NumPDBViolations": 0}}
    body = json.dumps({"Pod": WHOLE, "NodeNameToVictims": victims, "NodeNameToMetaVictims": None}).encode()

    answer = json.loads(Preempting(desk_of(two_nodes())).preempt(body).body)

    assert answer["NodeNameToMetaVictims"]["b"]["Pods"] == [{"UID": "b1"}, {"UID": "b2"}]


def test_a_victim_in_flight_frees_what_it_was_promised() -> None:
    """kube-scheduler counts pods whose binding is under way."""
    cluster = known(shared_node("n", 1))
    desk = desk_of(cluster)
    filtered(desk, share_json("low", 700, 0), ["n"])

    assert preempted(desk, share_json("high", 600), {"n": ["low"]}) == {"n": ["low"]}


def test_shares_get_the_victims_of_one_device() -> None:
    """Whom kube-scheduler offers would free half of either."""
    cluster = two_devices()
    desk = desk_of(cluster)

    assert preempted(desk, share_json("high", 1000), {"n": ["a", "b"]}) == {"n": ["a", "c"]}
    assert cluster.account.assumed["high"].requests[f"{SHARES}/0"] == 1000


def test_a_node_without_victims_gets_some_or_is_left_out() -> None:
    """What 1.38 sends where the sum would be enough; a node that fits by now needs nobody to leave anywhere."""
    cluster = two_devices()
    cluster.account.remove_pod("a")
    cluster.account.remove_pod("b")
    desk = desk_of(cluster)

    assert preempted(desk, share_json("high", 1000), {"n": []}) == {"n": ["c"]}
    assert preempted(desk, share_json("peer", 1000, 0), {"n": []}) == {}
    assert preempted(desk, share_json("small", 400), {"n": [], "m": ["x"]}) == {}
    assert preempted(desk_of(two_nodes()), WHOLE, {"a": [], "b": []}) == {}

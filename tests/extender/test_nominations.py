"""Room that is kept for pods for which others leave: how long, against whom, and that nobody leaves in vain."""

from dataclasses import replace

from cluster.api import Api
from extender.binding import Bound
from extender.desk import Desk
from extender.flights import MAX_SECONDS, FlightLog
from placement.keys import DEVICES
from placement.shares import SHARES, left_by_device
from tests.cluster.scripted_server import ScriptedServer
from tests.extender.known import KnownCluster, desk_of, known, pod_json
from tests.extender.preemptions import (
    IMPORTANT,
    REASON,
    WHOLE,
    filtered,
    preempted,
    share_json,
    share_tenant,
    two_devices,
    two_nodes,
)
from tests.extender.sharing import CREATED, binder_of, bindings, left, order, shared_node


def preempting(cluster: KnownCluster, desk: Desk) -> None:
    """Have a pod nominated for all of a device, of which another one has a part."""
    cluster.account.apply_pod(share_tenant("victim", "n", 400, "0"))
    assert preempted(desk, share_json("high", 600), {"n": ["victim"]}) == {"n": ["victim"]}


def test_room_that_is_freed_is_kept_for_the_pod() -> None:
    """While victims end, and when they have: no pod of its priority or lower gets their devices."""
    cluster = two_devices()
    desk = desk_of(cluster)
    preempted(desk, share_json("high", 1000), {"n": ["a", "b"]})

    cluster.account.remove_pod("a")
    cluster.account.remove_pod("c")
    peer = filtered(desk, share_json("peer", 300), ["n"])
    high = filtered(desk, share_json("high", 1000), ["n"])

    assert peer["NodeNames"] == []
    assert peer["FailedAndUnresolvableNodes"] == {"n": REASON}
    assert high["NodeNames"] == ["n"]
    assert left_by_device(cluster.inventory.nodes["n"]) == (0, 0)


def test_a_pod_of_higher_priority_gets_what_is_kept_for_another_one() -> None:
    """As kube-scheduler counts nominated pods of equal or higher priority alone."""
    cluster = two_devices()
    desk = desk_of(cluster)
    preempted(desk, share_json("high", 1000), {"n": ["a", "b"]})
    cluster.account.remove_pod("a")
    cluster.account.remove_pod("c")

    assert filtered(desk, share_json("higher", 300, IMPORTANT + 1), ["n"])["NodeNames"] == ["n"]
    assert set(cluster.account.assumed) == {"higher"}
    assert filtered(desk, share_json("high", 1000), ["n"])["NodeNames"] == []


def test_what_is_kept_stays_while_a_pod_of_higher_priority_takes_other_devices() -> None:
    """It yields for one question only."""
    cluster = two_devices()
    desk = desk_of(cluster)
    preempted(desk, share_json("high", 1000), {"n": ["a", "b"]})
    for uid in ("b", "d"):
        cluster.account.remove_pod(uid)

    filtered(desk, share_json("higher", 300, IMPORTANT + 1), ["n"])

    assert set(cluster.account.assumed) == {"high", "higher"}


def test_victims_that_are_still_there_do_not_send_the_pod_to_another_node() -> None:
    """A plain no of an extender would let kube-scheduler evict others elsewhere; it waits for those that end."""
    cluster = two_devices()
    desk = desk_of(cluster)
    preempted(desk, share_json("high", 1000), {"n": ["a", "b"]})
    cluster.account.remove_pod("a")

    early = filtered(desk, share_json("high", 1000), ["n"])

    assert early["FailedNodes"] == {"n": REASON}
    assert early["FailedAndUnresolvableNodes"] == {}
    assert cluster.account.assumed["high"].node == "n"
    assert desk.nominations.end_wait("n") == 0
    cluster.account.remove_pod("c")
    assert desk.nominations.end_wait("n") == 1
    assert desk.nominations.end_wait("n") == 0
    assert filtered(desk, share_json("high", 1000), ["n"])["NodeNames"] == ["n"]


def test_others_are_not_evicted_while_the_account_lags_behind_the_scheduler() -> None:
    """It has seen the victims go, asked about the node, and was refused: so nobody else leaves, once."""
    cluster = two_devices()
    cluster.account.apply_node(shared_node("m", 1))
    cluster.account.apply_pod(share_tenant("e", "m", 1000, "0"))
    desk, high = desk_of(cluster), share_json("high", 1000)
    preempted(desk, high, {"n": ["a", "b"]})

    filtered(desk, high, ["n"])
    assert preempted(desk, high, {"m": ["e"]}) == {}
    assert cluster.account.assumed["high"].node == "n"
    assert preempted(desk, high, {"m": ["e"]}) == {"m": ["e"]}


def test_an_eviction_that_failed_is_tried_again() -> None:
    """Then kube-scheduler offers the node with the victims that are still there."""
    desk, high = desk_of(two_devices()), share_json("high", 1000)
    preempted(desk, high, {"n": ["a", "b"]})
    filtered(desk, high, ["n"])

    assert preempted(desk, high, {"n": ["a", "b"]}) == {"n": ["a", "c"]}


def test_a_node_that_has_become_full_otherwise_is_given_up() -> None:
    """Nobody is waited for any more, so others may have to leave."""
    cluster = two_devices()
    desk, high = desk_of(cluster), share_json("high", 1000)
    preempted(desk, high, {"n": ["a", "b"]})
    for uid in ("a", "c"):
        cluster.account.remove_pod(uid)
    cluster.account.apply_pod(share_tenant("second-binder", "n", 500, "0"))

    assert filtered(desk, high, ["n"])["FailedAndUnresolvableNodes"] == {"n": REASON}
    assert not cluster.account.assumed


def test_whole_devices_are_taken_from_those_who_have_left_as_the_scheduler_knows() -> None:
    """Its account of them is exact: where it asks about the node, they are gone, whatever ours says yet."""
    desk = desk_of(two_nodes())
    preempted(desk, WHOLE, {"b": ["b2", "b1"]})

    assert filtered(desk, pod_json("other", 2), ["b"])["NodeNames"] == []
    assert filtered(desk, WHOLE, ["b"])["NodeNames"] == ["b"]


def test_the_next_pod_gets_what_others_leave_already_or_else_devices_of_its_own() -> None:
    """kube-scheduler knows the room that is kept for the first one, and of the victims its own choice alone."""
    cluster = two_devices()
    desk = desk_of(cluster)
    assert preempted(desk, share_json("first", 700), {"n": ["a", "b"]}) == {"n": ["a", "c"]}

    assert preempted(desk, share_json("second", 300), {"n": ["b"]}) == {"n": ["a", "c"]}
    assert preempted(desk, share_json("third", 1000), {"n": ["b", "d", "c"]}) == {"n": ["b", "d"]}


def test_a_pod_that_is_bound_or_gone_has_nothing_kept() -> None:
    """Nor one whose preemption was for a more important one on the same devices."""
    cluster = two_devices()
    desk = desk_of(cluster)
    preempted(desk, share_json("high", 1000), {"n": ["a", "b"]})
    preempted(desk, share_json("higher", 1000, IMPORTANT + 1), {"n": ["a", "b"]})
    assert set(cluster.account.assumed) == {"higher"}

    cluster.account.remove_pod("higher")
    assert left_by_device(cluster.inventory.nodes["n"]) == (0, 0)
    assert desk.nominations.settled(cluster.inventory.nodes["n"]) == cluster.inventory.nodes["n"]


def test_another_extender_waits_for_those_who_end_already() -> None:
    """As this one does after a restart: the API server tells who ends, and for whom the node is nominated."""
    cluster = two_devices()
    cluster.account.apply_node(shared_node("m", 1))
    cluster.account.apply_pod(share_tenant("e", "m", 1000, "0"))
    cluster.account.remove_pod("a")
    cluster.account.apply_pod(replace(share_tenant("c", "n", 500, "0"), is_terminating=True))
    desk, high = desk_of(cluster), share_json("high", 1000)
    high["status"]["nominatedNodeName"] = "n"

    early = filtered(desk, high, ["n"])

    assert early["FailedNodes"] == {"n": REASON}
    assert preempted(desk, high, {"m": ["e"]}) == {}
    assert filtered(desk, share_json("peer", 500), ["n"])["NodeNames"] == []
    cluster.account.remove_pod("c")
    assert filtered(desk, high, ["n"])["NodeNames"] == ["n"]


def test_a_node_on_which_nobody_ends_is_not_waited_for() -> None:
    """Whatever the pod was nominated for."""
    desk, high = desk_of(two_devices()), share_json("high", 1000)
    high["status"]["nominatedNodeName"] = "n"

    assert filtered(desk, high, ["n"])["FailedAndUnresolvableNodes"] == {"n": REASON}
    assert preempted(desk, high, {"n": ["a", "b"]}) == {"n": ["a", "c"]}


async def test_a_pod_that_was_promised_its_devices_before_is_bound(api: Api, server: ScriptedServer) -> None:
    """Until the victim is gone the device has more takers than room; who was there first is none too many."""
    cluster = known(shared_node("n", 1))
    desk = desk_of(cluster)
    binder = replace(binder_of(api, cluster), flights=desk.flights, settled=desk.nominations.settled)
    filtered(desk, share_json("first", 400, IMPORTANT), ["n"])
    preempting(cluster, desk)
    server.script = [CREATED]

    result = await binder.bind(order("first", "n"))

    assert left(cluster) == (-400,)
    assert result == (Bound.BOUND, "")
    assert bindings(server)[0]["metadata"]["annotations"] == {DEVICES: "0"}


def test_a_nomination_ends_with_the_pod_and_after_a_while() -> None:
    """A pod whose end was seen before its preemption was asked about would be waited for without end."""
    now = [0.0]
    cluster = known(shared_node("n", 1))
    desk = Desk(cluster, FlightLog(cluster.account, lambda: now[0]))

    preempting(cluster, desk)
    cluster.account.remove_pod("high")
    assert left(cluster) == (600,)

    preempting(cluster, desk)
    assert left(cluster) == (0,)
    now[0] = MAX_SECONDS
    assert len(desk.flights) == 0
    assert left(cluster) == (600,)
    assert desk.nominations.take("high") is None


def test_a_pod_that_is_asked_about_elsewhere_keeps_its_room() -> None:
    """Until its node is refused for good, or another one will do."""
    cluster = known(shared_node("n", 1), shared_node("m", 1))
    cluster.account.apply_pod(share_tenant("other", "m", 1000, "0", IMPORTANT))
    desk = desk_of(cluster)
    preempting(cluster, desk)

    assert filtered(desk, share_json("high", 600), ["m"])["NodeNames"] == []
    assert cluster.account.assumed["high"].node == "n"

    cluster.account.remove_pod("other")
    assert filtered(desk, share_json("high", 600), ["m"])["NodeNames"] == ["m"]
    assert left_by_device(cluster.inventory.nodes["n"]) == (600,)


def test_the_account_knows_who_is_on_a_node_and_who_ends() -> None:
    """A pod that ended is neither."""
    cluster = known(shared_node("n"), shared_node("m"))
    account = cluster.account
    account.apply_pod(share_tenant("a", "n", 300, "0", 7))
    account.apply_pod(share_tenant("b", "m", 300, "0"))
    account.apply_pod(replace(share_tenant("a", "n", 300, "0", 7), is_terminating=True))

    assert [uid for uid, _ in account.tenants({"n"})] == ["a"]
    assert account.ending == {"a"}
    hold = account.held_by("a")
    assert hold is not None
    assert (hold.node, hold.priority, hold.requests[SHARES]) == ("n", 7, 300)
    account.remove_pod("a")
    assert not account.ending
    assert account.held_by("a") is None

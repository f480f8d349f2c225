"""Bindings of pods with shares: what is held when, and what becomes of them when the API server answers oddly."""

import asyncio

import pytest
from aiohttp import web

from cluster.api import Api
from extender.binding import Bound
from placement.keys import DEVICES
from placement.shares import SHARES, devices_for, hold_for
from tests.cluster.scripted_server import Answer, ScriptedServer, body, refusal
from tests.extender.known import known
from tests.extender.sharing import CREATED, binder_of, bindings, left, lost, order, pod_object, share_pod, shared_node


async def test_the_devices_that_filter_chose_stand_in_the_binding(api: Api, server: ScriptedServer) -> None:
    """With the uid of the very pod, and they are held until the pod is seen bound."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (1,)))
    server.script = [CREATED]

    result = await binder.bind(order("u", "n"))

    (sent,) = bindings(server)
    assert result == (Bound.BOUND, "")
    assert sent["metadata"] == {"name": "pod-u", "namespace": "ml", "uid": "u", "annotations": {DEVICES: "1"}}
    assert sent["target"] == {"apiVersion": "v1", "kind": "Node", "name": "n"}
    assert left(cluster) == (1000, 700)
    binder.flights.end("u")
    assert left(cluster) == (1000, 700)
    cluster.account.apply_pod(share_pod("u", 300, "n", "1"))
    assert left(cluster) == (1000, 700)
    cluster.account.remove_pod("u")
    assert left(cluster) == (1000, 1000)


async def test_devices_are_chosen_where_filter_has_let_several_nodes_pass(api: Api, server: ScriptedServer) -> None:
    """Pods with wishes, and those that were asked about before a restart: the API server tells what they ask."""
    cluster = known(shared_node("n"))
    cluster.account.apply_pod(share_pod("other", 400, "n", "1"))
    server.script = [body(pod_object("u", 600)), CREATED]

    assert await binder_of(api, cluster).bind(order("u", "n")) == (Bound.BOUND, "")

    assert bindings(server)[0]["metadata"]["annotations"] == {DEVICES: "1"}
    assert left(cluster) == (1000, 0)


async def test_a_share_that_fits_no_device_any_more_is_refused(api: Api, server: ScriptedServer) -> None:
    """The node has enough in all, but not on one device; no Binding is sent, and nothing is held."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 600}, (0,)))
    for device in ("0", "1"):
        cluster.account.apply_pod(share_pod(f"other-{device}", 500, "n", device))
    server.script = [body(pod_object("u", 600))]

    bound, error = await binder.bind(order("u", "n"))

    assert (bound, error) == (Bound.LOST_RACE, "berth: too few free berth.ome.io/gpu-milli on one device of the node")
    assert bindings(server) == []
    assert left(cluster) == (500, 500)


@pytest.mark.parametrize(
    "trouble", [lost(), refusal(500, "InternalError"), refusal(504, "Timeout")], ids=["lost", "500", "504"]
)
async def test_an_ambiguous_result_is_resolved_by_the_pod_itself(
    trouble: Answer, api: Api, server: ScriptedServer
) -> None:
    """It was bound though nobody heard of it: one Binding, and success."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    server.script = [trouble, body(pod_object("u", 300, "n", "0"))]

    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    assert len(bindings(server)) == 1
    assert left(cluster) == (700, 1000)


async def test_a_binding_that_was_not_carried_out_is_sent_again_to_the_letter(api: Api, server: ScriptedServer) -> None:
    """The first one may still arrive: another device would then be promised twice."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    away = refusal(503, "ServiceUnavailable")
    server.script = [lost(), away, away, body(pod_object("u", 300)), CREATED]

    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    first, *others = bindings(server)
    assert others == [first, first]


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([refusal(409, "Conflict"), body(pod_object("u", 300, "elsewhere"))], "bound to another node by somebody else"),
        ([refusal(409, "Conflict"), body(pod_object("another", 300))], "the pod is gone, and another one has its name"),
        ([refusal(404, "NotFound"), refusal(404, "NotFound")], "404 NotFound"),
        ([lost(), refusal(404, "NotFound")], "404 NotFound"),
        ([refusal(403, "Forbidden"), body(pod_object("u", 300))], "403 Forbidden"),
        ([refusal(409, "Conflict"), body(pod_object("u", 300))], "409 Conflict"),
    ],
    ids=["elsewhere", "another-pod", "gone", "gone-meanwhile", "forbidden", "terminating"],
)
async def test_a_refusal_ends_the_hold(answers: list[Answer], text: str, api: Api, server: ScriptedServer) -> None:
    """And tells the scheduler why, in words without a percent sign."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    server.script = list(answers)

    bound, error = await binder.bind(order("u", "n"))

    assert bound is Bound.REFUSED
    assert text in error
    assert left(cluster) == (1000, 1000)
    assert binder.flights.landing("u") is None


async def test_an_order_that_is_given_twice_is_one_binding(api: Api, server: ScriptedServer) -> None:
    """Both hear the same, at the same time or one after the other."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    server.script = [CREATED]

    results = await asyncio.gather(*(binder.bind(order("u", "n")) for _ in range(3)))
    assert results == [(Bound.BOUND, "")] * 3
    assert len(bindings(server)) == 1

    server.script = [refusal(409, "Conflict"), body(pod_object("u", 300, "n", "0"))]
    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    cluster.account.apply_pod(share_pod("u", 300, "n", "0"))
    server.script = [body(pod_object("u", 300, "n", "0"))]
    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    assert len(bindings(server)) == 2


async def test_an_unresolved_binding_is_told_in_time_and_held_until_it_is_resolved(
    api: Api, server: ScriptedServer
) -> None:
    """Meanwhile no question, no other order and no clock ends its hold; then the pod is seen bound."""
    cluster = known(shared_node("n"), shared_node("m"))
    binder = binder_of(api, cluster, answer_seconds=0.1)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.json_response({}, status=500)

    server.script = [hang, body(pod_object("u", 300, "n", "0"))]
    bound, error = await binder.bind(order("u", "n"))
    assert bound is Bound.UNRESOLVED
    assert error == "berth: the API server has not said yet whether the pod is bound"

    binder.flights.end("u")
    assert (await binder.bind(order("u", "m"))).bound is Bound.REFUSED
    assert left(cluster) == (700, 1000)

    released.set()
    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    assert left(cluster) == (700, 1000)


async def test_a_binding_that_was_lost_is_sent_only_as_long_as_the_scheduler_gives_orders(
    api: Api, server: ScriptedServer
) -> None:
    """Another one may lead meanwhile; the devices are free when the API server will not carry it out any more."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster, answer_seconds=0.05, resend_seconds=0.1, lost_seconds=0.6)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))

    async def answer(request: web.Request) -> web.StreamResponse:
        content = pod_object("u", 300) if request.method == "GET" else {}
        return web.json_response(content, status=200 if request.method == "GET" else 503)

    server.script = [answer] * 1000
    assert (await binder.bind(order("u", "n"))).bound is Bound.UNRESOLVED
    await asyncio.sleep(0.3)
    sent = len(bindings(server))
    await asyncio.sleep(0.1)
    assert len(bindings(server)) == sent
    assert left(cluster) == (700, 1000)

    assert (await binder.bind(order("u", "n"))).bound is Bound.UNRESOLVED
    assert len(bindings(server)) > sent
    await asyncio.sleep(1)
    assert left(cluster) == (1000, 1000)


async def test_a_pod_that_somebody_bound_there_with_other_devices_holds_those(api: Api, server: ScriptedServer) -> None:
    """What stands on the pod is what its container sees."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    server.script = [refusal(409, "Conflict"), body(pod_object("u", 300, "n", "1"))]

    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")
    assert left(cluster) == (1000, 700)


async def test_nothing_is_bound_before_the_cluster_is_known(api: Api, server: ScriptedServer) -> None:
    """What is left of devices is known to nobody else."""
    binder = binder_of(api, known(shared_node("n"), is_synced=False))

    assert (await binder.bind(order("u", "n"))).bound is Bound.NOT_SYNCED
    assert server.requests == []


async def test_many_orders_at_once_overfill_no_device(api: Api, server: ScriptedServer) -> None:
    """Each chooses among what the others have left, though none is answered yet."""
    cluster = known(shared_node("n", 4))
    binder = binder_of(api, cluster)

    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        uid = request.path.split("/pod-")[1].partition("/")[0]
        content = {} if request.method == "POST" else pod_object(uid, 400)
        return web.json_response(content, status=201)

    server.script = [answer] * 40
    results = await asyncio.gather(*(binder.bind(order(f"u{index}", "n")) for index in range(12)))

    assert [bound for bound, _ in results].count(Bound.BOUND) == 8
    assert [bound for bound, _ in results].count(Bound.LOST_RACE) == 4
    assert left(cluster) == (200, 200, 200, 200)
    assert devices_for(400, left(cluster)) == ()

"""Landings that end oddly: the watch is faster than an answer, a list is slower, and what nobody has foreseen fails."""

import json
from collections.abc import Mapping

import pytest
from aiohttp import web

from cluster.api import Api
from cluster.observers import SILENT
from cluster.roster import PodRoster
from cluster.stores import PodStore
from extender import binding
from extender.binding import Bound
from extender.desk import Desk
from placement.pods import Pod
from placement.shares import SHARES, hold_for
from tests.cluster.scripted_server import Answer, ScriptedServer, body
from tests.extender.known import KnownCluster, args, desk_of, known, pod_json
from tests.extender.sharing import CREATED, binder_of, bindings, left, lost, order, pod_object, share_pod, shared_node

MALFORMED = body({"metadata": "?"})


def filtered(desk: Desk, uid: str, milli: int) -> list[str]:
    """Return the nodes that pass for a pod that asks for shares."""
    names: list[str] = json.loads(desk.filter(args(["n"], pod_json(uid, milli, SHARES))).body)["NodeNames"]
    return names


async def test_a_list_that_is_older_than_a_binding_does_not_end_its_hold(api: Api, server: ScriptedServer) -> None:
    """It took seconds to read; two shares of 600 never stand on one device."""
    cluster = known(shared_node("n", 1))
    store, desk, binder = PodStore(cluster.account, PodRoster(), SILENT), desk_of(cluster), binder_of(api, cluster)
    binder.flights = desk.flights
    server.script = [CREATED]

    store.begin_list()
    assert filtered(desk, "u", 600) == ["n"]
    assert (await binder.bind(order("u", "n"))).bound is Bound.BOUND
    store.retain(frozenset())

    assert filtered(desk, "later", 600) == []
    server.script = [body(pod_object("later", 600))]
    assert (await binder.bind(order("later", "n"))).bound is Bound.LOST_RACE
    assert len(bindings(server)) == 1
    store.apply(share_pod("u", 600, "n", "0"))
    store.remove(share_pod("u", 600, "n", "0"))
    assert filtered(desk, "later", 600) == ["n"]


def seen_to_come_and_go(cluster: KnownCluster) -> Answer:
    """Answer that the pod is bound, after the watch has told that and its deletion."""

    async def answer(_: web.Request) -> web.StreamResponse:
        cluster.account.apply_pod(share_pod("u", 300, "n", "0"))
        cluster.account.remove_pod("u")
        return web.json_response(pod_object("u", 300, "n", "0"))

    return answer


async def test_an_answer_that_is_older_than_the_watch_begins_no_hold(api: Api, server: ScriptedServer) -> None:
    """Nobody would ever end it: the pod's deletion was told already."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (0,)))
    server.script = [lost(), seen_to_come_and_go(cluster)]

    assert await binder.bind(order("u", "n")) == (Bound.BOUND, "")

    assert cluster.account.assumed == {}
    assert left(cluster) == (1000, 1000)


@pytest.mark.parametrize(
    ("end", "bound", "free"),
    [
        (body(pod_object("u", 300, "n", "1")), Bound.BOUND, (1000, 700)),
        (body({"reason": "NotFound"}, 404), Bound.REFUSED, (1000, 1000)),
    ],
    ids=["bound", "gone"],
)
async def test_a_pod_that_cannot_be_understood_is_asked_for_again(
    end: Answer, bound: Bound, free: tuple[int, ...], api: Api, server: ScriptedServer
) -> None:
    """Until somebody can say what became of it, its devices are held."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (1,)))
    seen: list[tuple[int, ...]] = []

    async def last(request: web.Request) -> web.StreamResponse:
        seen.append(left(cluster))
        return await end(request)

    server.script = [lost(), MALFORMED, lost(), MALFORMED, lost(), last]

    assert (await binder.bind(order("u", "n"))).bound is bound
    assert seen == [(1000, 700)]
    assert left(cluster) == free


async def test_a_pod_that_cannot_be_understood_at_first_is_refused(api: Api, server: ScriptedServer) -> None:
    """What it asks for is unknown; nothing is sent, and nothing held."""
    cluster = known(shared_node("n"))
    server.script = [MALFORMED]

    bound, error = await binder_of(api, cluster).bind(order("u", "n"))

    assert bound is Bound.REFUSED
    assert "metadata" in error
    assert bindings(server) == []
    assert left(cluster) == (1000, 1000)


@pytest.mark.parametrize("is_carried_out", [True, False])
async def test_a_binding_that_fails_in_an_unforeseen_way_is_resolved_by_the_pod_itself(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, *, is_carried_out: bool
) -> None:
    """It may have been sent; where it was not, its devices are free when it will not be carried out any more."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster, resend_seconds=0.05, lost_seconds=0.1)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (1,)))

    async def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(binding, "bind", fail)
    server.script = [body(pod_object("u", 300, *(["n", "1"] if is_carried_out else [])))] * 1000

    bound, _ = await binder.bind(order("u", "n"))

    assert bound is (Bound.BOUND if is_carried_out else Bound.REFUSED)
    assert left(cluster) == ((1000, 700) if is_carried_out else (1000, 1000))


async def test_reasons_that_fail_leave_no_landing(api: Api, server: ScriptedServer) -> None:
    """Nothing was sent: the hold ends with the next question, as that of any pod in flight."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin("u", hold_for("n", {SHARES: 300}, (1,)))

    def fail(_pod: Pod, _node: str) -> Mapping[str, str]:
        raise RuntimeError("a bug")

    binder.reasons = fail
    with pytest.raises(RuntimeError):
        await binder.bind(order("u", "n"))

    assert server.requests == []
    binder.flights.end("u")
    assert left(cluster) == (1000, 1000)

"""Who is told of a second binder, when, and how often."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cachetools import TTLCache

from cluster.api import Api
from cluster.writers import Reporter
from extender.outbox import Outbox, Sent
from extender.trespass import NAMED, REPEAT_SECONDS, Trespasses, event_of
from placement.inventory import Hold, NodeInventory
from placement.pods import Container, Pod
from placement.shares import SHARES, hold_for
from tests.cluster.scripted_server import ScriptedServer, body
from tests.extender.known import KnownCluster, known
from tests.extender.sharing import CREATED, pod_object, share_pod, shared_node


class Told(Outbox):
    """An outbox that sends when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    async def flush(self) -> None:
        """Send everything that waits."""
        for write in self._writes.drain():
            await write.call()
            self.sent.append(Sent.WRITTEN)


def trespasses(
    api: Api, cluster: KnownCluster, outbox: Outbox, seconds: Callable[[], float] = lambda: 0.0
) -> Trespasses:
    """Return what looks, as instance `berth-0`."""
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    told: TTLCache[str, None] = TTLCache(10, REPEAT_SECONDS, timer=seconds)
    reporter = Reporter("berth.ome.io/extender", "berth-0")
    return Trespasses(api, cluster, outbox, reporter, lambda: at, lambda _: None, told=told)


async def test_what_lasts_for_two_looks_is_told_once_until_it_is_right_again(api: Api, server: ScriptedServer) -> None:
    """A list that is being read shows much that is not so."""
    cluster, outbox, seconds = known(shared_node("n")), Told(), [0.0]
    found = trespasses(api, cluster, outbox, lambda: seconds[0])
    pods: Any = {"items": [pod_object("u", 300, "n"), pod_object("v", 300, "n", "0")]}
    answers = [body(pods), body({"metadata": {"name": "n", "uid": "n-1"}}), CREATED]

    cluster.account.apply_pod(share_pod("u", 300, "n"))
    found.look()
    await outbox.flush()
    assert (dict(found.nodes), outbox.sent) == ({"n": (SHARES,)}, [])

    server.script = [*answers]
    for _ in range(3):
        found.look()
        await outbox.flush()
    (event,) = (json.loads(sent) for sent in server.bodies if sent)
    assert event["regarding"] == {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n-1"}
    assert "no scheduler: ml/pod-u, ml/pod-v" in event["note"]

    cluster.account.remove_pod("u")
    found.look()
    assert dict(found.nodes) == {}
    cluster.account.apply_pod(share_pod("u", 300, "n"))
    server.script = [*answers]
    found.look()
    found.look()
    await outbox.flush()
    assert len(outbox.sent) == 1  # what comes and goes is told once in a while

    seconds[0] = REPEAT_SECONDS
    found.look()
    found.look()
    await outbox.flush()
    assert len(outbox.sent) == 2


async def test_what_ends_at_once_and_nodes_that_go_are_not_told_of(api: Api) -> None:
    """Nobody would find anything there."""
    cluster, outbox = known(shared_node("n"), shared_node("m")), Told()
    found = trespasses(api, cluster, outbox)
    for name in ("n", "m"):
        cluster.account.apply_pod(share_pod(f"u-{name}", 300, name))
    found.look()
    cluster.account.remove_pod("u-n")
    cluster.account.remove_node("m")
    found.look()
    found.look()
    await outbox.flush()

    assert (dict(found.nodes), outbox.sent) == ({}, [])


def test_the_note_names_a_few_pods_by_their_schedulers() -> None:
    """Always in the same order, so that it is one Event."""
    node = NodeInventory("n", allocatable={"nvidia.com/gpu": 8}).hold(Hold("n", {"nvidia.com/gpu": 9}))
    gpu = Container("c", limits={"nvidia.com/gpu": "1"})
    pods = [Pod("ml", f"p{index}", containers=(gpu,), scheduler_name="theirs") for index in range(NAMED + 2)]
    others = [Pod("ml", "ours", containers=(gpu,), scheduler_name="berth"), Pod("ml", "none", scheduler_name="theirs")]

    note = event_of(node, ["nvidia.com/gpu"], [*pods, *others]).note

    assert note.startswith("pods hold 9 nvidia.com/gpu of 8; the node counts as full until that is right.")
    assert note.endswith("berth: ml/ours; theirs: ml/p0, ml/p1, ml/p2, ml/p3, ml/p4 and 2 more")
    assert note == event_of(node, ["nvidia.com/gpu"], [*others, *reversed(pods)]).note


def test_devices_that_are_not_told_are_called_so() -> None:
    """And those that two pods say are theirs."""
    silent = shared_node("n").hold(hold_for("n", {SHARES: 300}, ()))
    twice = shared_node("n").hold(hold_for("n", {SHARES: 1000}, (0,))).hold(hold_for("n", {SHARES: 300}, (0,)))

    assert "do not say of which devices" in event_of(silent, [SHARES], []).note
    assert "more berth.ome.io/gpu-milli of a device than there is" in event_of(twice, [SHARES], []).note

"""Pods that were refused every node, and nodes that have come to fit them."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from cachetools import LRUCache

from cluster.api import Api
from extender.desk import Decided
from extender.outbox import Outbox, Sent
from extender.waiting import WaitingPods, Wakings
from placement.keys import TOUCHED
from placement.pods import Pod
from tests.builders import H100, L4, inventory, node
from tests.cluster.scripted_server import body, serving, write_kubeconfig
from tests.extender.known import NOON, known
from tests.placement.clusters import asking, decide


def decided(uid: str, count: int, *nodes: str) -> Decided:
    """Return a decision about a pod that asks so many GPUs, among idle nodes of eight."""
    asked = asking(count)
    among = inventory(*(node(name, H100) for name in nodes))
    return Decided(Pod("ml", uid, uid), asked, decide(asked, among, among.nodes))


def refused(uid: str, count: int) -> Decided:
    """Return a decision that found no node."""
    return decided(uid, count)


def test_a_node_wakes_the_pods_that_it_fits_once() -> None:
    """One touch lets kube-scheduler try all of them again."""
    waiting = WaitingPods()
    waiting(refused("small", 1), NOON)
    waiting(refused("large", 8), NOON)

    assert waiting.end_with(node("l4", L4, 4)) == 1
    assert waiting.end_with(node("l4", L4, 4)) == 0
    assert waiting.end_with(node("h100", H100)) == 1


def test_a_pod_that_was_placed_waits_no_longer() -> None:
    """Its next question decides."""
    waiting = WaitingPods()
    waiting(refused("pod", 1), NOON)
    waiting(decided("pod", 1, "h100"), NOON)

    assert waiting.end_with(node("h100", H100)) == 0


def test_only_so_many_pods_are_remembered() -> None:
    """The rest wait for kube-scheduler's own five minutes."""
    waiting = WaitingPods(LRUCache(2))
    for index in range(3):
        waiting(refused(f"pod-{index}", 1), NOON)

    assert waiting.end_with(node("h100", H100)) == 2


async def test_two_touches_of_a_node_within_a_second_differ(tmp_path: Path) -> None:
    """A patch that changes nothing is no news to kube-scheduler, and the second pod would wait for minutes."""
    moments = iter([NOON, NOON + timedelta(milliseconds=1)])
    waiting, outbox = WaitingPods(), Outbox()
    written: asyncio.Queue[Sent] = asyncio.Queue()
    async with serving() as server, Api.connect(write_kubeconfig(tmp_path / "config", server.url, {})) as api:
        server.script = [body({}), body({})]
        wakings = Wakings(api, known(node("h100", H100)), waiting, outbox, lambda: next(moments), written.put_nowait)
        sending = asyncio.create_task(outbox.run())
        for uid in ("first", "second"):
            waiting(refused(uid, 1), NOON)
            wakings.wake("h100")
            assert await written.get() is Sent.WRITTEN
        sending.cancel()

    touches = [json.loads(each)["metadata"]["annotations"][TOUCHED] for each in server.bodies]
    assert touches == ["2026-05-04T12:00:00.000000Z", "2026-05-04T12:00:00.001000Z"]

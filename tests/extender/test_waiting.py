"""Pods that were refused every node, and nodes that have come to fit them."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cluster.api import Api
from extender.desk import Decided
from extender.inbox import Inbox
from extender.outbox import Outbox, Sent
from extender.waiting import WaitingPods, Wakings
from placement.accelerators import Catalog
from placement.keys import TOUCHED
from placement.pods import Pod
from placement.selection import NodeSelection
from placement.taints import Toleration
from tests.builders import H100, L4, PRODUCT, inventory, node
from tests.cluster.scripted_server import body, serving, write_kubeconfig
from tests.extender.known import NOON, known
from tests.placement.clusters import asking, decide


def decided(uid: str, count: int, *nodes: str, **more: Any) -> Decided:
    """Return a decision about a pod that asks so many GPUs, among idle nodes of eight."""
    asked = replace(asking(count), **{"tolerations": (Toleration(operator="Exists"),), **more})
    among = inventory(*(node(name, H100) for name in nodes))
    return Decided(Pod("ml", uid, uid), asked, decide(asked, among, among.nodes))


def refused(uid: str, count: int, **more: Any) -> Decided:
    """Return a decision that found no node."""
    return decided(uid, count, **more)


def test_a_node_wakes_the_pods_that_it_fits_once() -> None:
    """One touch lets kube-scheduler try all of them again."""
    waiting = WaitingPods()
    waiting(refused("small", 1), NOON)
    waiting(refused("large", 8), NOON)

    assert waiting.end_with(node("l4", L4, 4)) == 1
    assert waiting.end_with(node("l4", L4, 4)) == 0
    assert waiting.end_with(node("h100", H100)) == 1


def test_a_pod_that_was_placed_waits_for_nothing() -> None:
    """Only a refusal is remembered."""
    waiting = WaitingPods()
    waiting(decided("pod", 1, "h100"), NOON)

    assert waiting.end_with(node("h100", H100)) == 0


def test_a_node_that_the_pod_may_not_have_wakes_nobody() -> None:
    """Another one that frees later does."""
    waiting = WaitingPods()
    waiting(refused("choosy", 1, selection=NodeSelection({PRODUCT: "H100"})), NOON)
    waiting(refused("any", 1), NOON)
    waiting(refused("sensitive", 1, tolerations=()), NOON)

    assert waiting.end_with(node("l4", L4)) == 1
    assert waiting.end_with(node("h100", H100)) == 1


def test_five_thousand_waiting_pods_of_a_few_shapes_are_judged_as_a_few_and_none_is_forgotten() -> None:
    """A change is judged once for each shape, however many pods wait."""
    waiting = WaitingPods()
    for index in range(5_000):
        waiting(refused(f"pod-{index}", 1 + index % 8), NOON)

    assert len(waiting.asked) == 8
    assert waiting.end_with(node("half", H100, 4)) == 4
    assert waiting.end_with(node("whole", H100, 8)) == 4


def test_pods_of_too_many_shapes_are_woken_by_any_node() -> None:
    """In vain perhaps, but none waits for five minutes, and a change costs no more."""
    waiting = WaitingPods(max_shapes=2)
    for count in range(4, 100):
        waiting(refused(f"pod-{count}", count), NOON)

    assert len(waiting.asked) == 3
    assert waiting.end_with(node("l4", L4, 4)) == 2
    assert waiting.end_with(node("h100", H100, 8)) == 1
    assert not waiting.asked


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


async def test_new_classes_wake_whoever_waits_once(tmp_path: Path) -> None:
    """What a pod asks is judged by classes, so any node may do by others; where nobody waits nothing is written."""
    waiting, outbox = WaitingPods(), Outbox()
    written: asyncio.Queue[Sent] = asyncio.Queue()
    catalogs: Inbox[str, Catalog] = Inbox(1)
    async with serving() as server, Api.connect(write_kubeconfig(tmp_path / "config", server.url, {})) as api:
        server.script = [body({})]
        wakings = Wakings(api, known(node("l4", L4)), waiting, outbox, lambda: NOON, written.put_nowait)
        tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(wakings.run_all(catalogs))]
        catalogs.put("", Catalog())
        await asyncio.sleep(0.01)
        waiting(refused("large", 8), NOON)
        catalogs.put("", Catalog())
        assert await written.get() is Sent.WRITTEN
        for each in tasks:
            each.cancel()

    assert [each.path for each in server.requests] == ["/api/v1/nodes/l4"]
    assert not waiting.asked

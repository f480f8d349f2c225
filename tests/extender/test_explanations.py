"""What is said about pods that wait."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cachetools import TTLCache

from cluster.api import Api
from cluster.writers import EventType, Reporter
from extender.explanations import REPEAT_SECONDS, Explanations, event_of
from extender.journal import Journal
from extender.outbox import Outbox, Sent
from placement.pods import Container, Pod
from placement.taints import Toleration
from tests.builders import H100, NVIDIA, inventory, node
from tests.cluster.scripted_server import body, serving, write_kubeconfig
from tests.extender.known import NOON, desk_of, known
from tests.placement.clusters import asking, survey

TOLERANT = replace(asking(1), tolerations=(Toleration(NVIDIA, "Exists"),))


def test_a_pod_that_fits_nowhere_hears_why_counted() -> None:
    """The same words as kube-scheduler's own, with the class where it says more than the label."""
    full = replace(node("full", H100), held={NVIDIA: 8})
    event = event_of(survey(TOLERANT, inventory(full, node("cpu-0"), node("cpu-1"))))

    assert (event.type, event.reason) == (EventType.WARNING, "NoAccelerator")
    assert event.note == ("0/3 nodes fit: 2 node(s) without nvidia.com/gpu, 1 node(s) with too few free nvidia.com/gpu")


@pytest.mark.parametrize(
    ("count", "where"),
    [(1, "n0"), (3, "n0, n1, n2"), (5, "n0, n1, n2 and 2 more")],
)
def test_a_pod_for_which_there_is_room_hears_where(count: int, where: str) -> None:
    """Then something else keeps it waiting, which is the scheduler's to say."""
    event = event_of(survey(TOLERANT, inventory(*(node(f"n{index}", H100) for index in range(count)))))

    assert (event.type, event.reason) == (EventType.NORMAL, "AcceleratorFree")
    assert event.note == (
        f"the pod waits for something else than accelerators: there is room on {where}, "
        "and the scheduler's own message (event FailedScheduling) tells why the pod cannot have it"
    )


def test_a_pod_that_waits_for_devices_of_no_class_is_not_told_of_room() -> None:
    """Free GPUs are of no use to it where the other device is missing."""
    asked = replace(TOLERANT, requests={**TOLERANT.requests, "foo.com/gpu": 1})
    event = event_of(survey(asked, inventory(node("h100", H100))))

    assert (event.reason, event.note) == ("NoAccelerator", "0/1 nodes fit: 1 node(s) without foo.com/gpu")


async def test_a_pod_is_told_each_reason_once_in_five_minutes(tmp_path: Path) -> None:
    """The counts of the note change with every node; the pod's events would become as many."""
    pod = Pod("ml", "waiting", "u1", containers=(Container("engine", limits={NVIDIA: "1"}),))
    cluster, outbox, now = known(node("cpu-0")), Outbox(), [0.0]
    sent: asyncio.Queue[Sent] = asyncio.Queue()
    async with serving() as server, Api.connect(write_kubeconfig(tmp_path / "config", server.url, {})) as api:
        server.script = [body({}), body({})]
        reporter = Reporter("berth.ome.io/extender", "here")
        told: TTLCache[tuple[str, str], None] = TTLCache(10, REPEAT_SECONDS, timer=lambda: now[0])
        explanations = Explanations(
            api, desk_of(cluster), Journal(), outbox, reporter, lambda: NOON, sent.put_nowait, told=told
        )
        sending = asyncio.create_task(outbox.run())
        for number, moment in enumerate([0, 1, REPEAT_SECONDS - 1, REPEAT_SECONDS + 1]):
            now[0] = moment
            cluster.account.apply_node(node(f"cpu-{number}"))
            explanations.explain(pod)
        assert [await sent.get(), await sent.get()] == [Sent.WRITTEN] * 2
        sending.cancel()

    notes = [json.loads(each)["note"] for each in server.bodies]
    assert sorted(note.partition(":")[0] for note in notes) == ["0/1 nodes fit", "0/4 nodes fit"]

"""What became of a Binding whose answer was lost is found out, on a real API server behind a faulty proxy."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster.api import Api
from cluster.bindings import fetch
from extender.binding import Bound
from extender.wire_binding import Order
from placement.keys import DEVICES
from placement.pods import Pod
from placement.shares import SHARES, hold_for, left_by_device
from sandbox.faults import Asked, Fault
from tests.chaos.cluster import Battlefield, share_pod
from tests.extender.known import KnownCluster, known
from tests.extender.scheduling import PODS, Cluster
from tests.extender.sharing import binder_of, shared_node


@pytest.fixture
async def api(field: Battlefield) -> AsyncIterator[Api]:
    """The real server's API, by way of the proxy."""
    async with Api.connect(field.plane.folder / "faulty.kubeconfig") as connected:
        yield connected


@pytest.fixture
def pod(field: Battlefield) -> Pod:
    """A pod that no scheduler looks for."""
    created = field.plane.api.send("POST", PODS, share_pod("unbound", 300, schedulerName="nobody"))
    return Pod("default", "unbound", created["metadata"]["uid"])


class Bindings:
    """What becomes of Bindings, one after the other; those after the last are carried out. `count` has come."""

    def __init__(self, *fates: Fault) -> None:
        self.fates = list(fates)
        self.count = 0

    def __call__(self, asked: Asked) -> Fault:
        """Say what becomes of a request."""
        if not asked.is_binding:
            return Fault.NONE
        self.count += 1
        return self.fates.pop(0) if self.fates else Fault.NONE


def _left(cluster: KnownCluster) -> tuple[int, ...]:
    return left_by_device(cluster.inventory.nodes["n"])


@pytest.mark.parametrize(
    ("fate", "sent"),
    [
        (Fault.LOST_ANSWER, 1),
        (Fault.FAILED_AFTER, 1),
        (Fault.LOST_REQUEST, 2),
        (Fault.BUSY, 2),
    ],
)
async def test_one_that_succeeded_and_one_that_failed_are_told_apart(
    field: Battlefield, api: Api, pod: Pod, fate: Fault, sent: int
) -> None:
    """Neither was answered, or both by an error: what was carried out is not sent again, and what was not is."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    field.proxy.choose = bindings = Bindings(fate)

    assert await binder.bind(Order(pod, "n")) == (Bound.BOUND, "")

    assert bindings.count == sent
    assert (await fetch(api, pod)).annotations[DEVICES] == "1"
    assert _left(cluster) == (1000, 700)


async def test_one_that_is_carried_out_late_is_the_one_that_counts(field: Battlefield, api: Api, pod: Pod) -> None:
    """What is sent meanwhile is the same to the letter: whichever arrives first, the same device is taken."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster, answer_seconds=0.05)
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    field.proxy.late_seconds = 0.5
    field.proxy.choose = Bindings(Fault.LATE, *[Fault.BUSY] * 1000)

    assert (await binder.bind(Order(pod, "n"))).bound is Bound.UNRESOLVED
    assert _left(cluster) == (1000, 700)
    await asyncio.sleep(1.0)
    binder.answer_seconds = 10.0

    assert await binder.bind(Order(pod, "n")) == (Bound.BOUND, "")
    assert (await fetch(api, pod)).annotations[DEVICES] == "1"
    assert _left(cluster) == (1000, 700)


async def test_one_of_a_pod_that_is_gone_meanwhile_is_refused(field: Battlefield, api: Api, pod: Pod) -> None:
    """Another pod of its name is not bound in its place: the uid stands in the Binding."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster, answer_seconds=0.05)
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    field.proxy.late_seconds = 0.7
    field.proxy.choose = Bindings(Fault.LATE, *[Fault.BUSY] * 1000)

    assert (await binder.bind(Order(pod, "n"))).bound is Bound.UNRESOLVED
    await asyncio.to_thread(Cluster(field.plane).delete_pods)
    await asyncio.to_thread(field.create, share_pod("unbound", 300, schedulerName="nobody"))
    await asyncio.to_thread(field.plane.wait, lambda: _left(cluster) == (1000, 1000), 20, "it is refused")

    await asyncio.sleep(field.proxy.late_seconds)
    assert "nodeName" not in field.plane.api.get(f"{PODS}/unbound")["spec"]

"""The binder on a real API server: what the scripted one answers is what that does."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from cluster.api import Api
from cluster.bindings import bind, fetch
from extender.binding import Bound
from extender.wire_binding import Order
from placement.keys import DEVICES
from placement.pods import Pod
from placement.shares import SHARES, hold_for, left_by_device
from sandbox import ControlPlane
from tests.extender.known import KnownCluster, known
from tests.extender.scheduling import PODS, Cluster, gpu_pod
from tests.extender.sharing import binder_of, shared_node


@pytest.fixture
async def api(plane: ControlPlane) -> AsyncIterator[Api]:
    """The real server's API."""
    async with Api.connect(plane.kubeconfig) as connected:
        yield connected


@pytest.fixture
def pod(plane: ControlPlane) -> Iterator[Pod]:
    """A pod that asks for a share, and that no scheduler looks for."""
    created = plane.api.send("POST", PODS, gpu_pod("unbound", 300, SHARES, schedulerName="nobody"))
    yield Pod("default", "unbound", created["metadata"]["uid"])
    Cluster(plane).delete_pods()


def _left(cluster: KnownCluster) -> tuple[int, ...]:
    return left_by_device(cluster.inventory.nodes["n"])


async def test_orders_at_the_same_time_and_afterwards_are_one_binding(api: Api, pod: Pod) -> None:
    """All hear that the pod is bound, and the devices of the first stand on it."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))

    results = await asyncio.gather(*(binder.bind(Order(pod, "n")) for _ in range(3)))
    later = await binder.bind(Order(pod, "n"))
    after_restart = await binder_of(api, known(shared_node("n"))).bind(Order(pod, "n"))

    assert {*results, later, after_restart} == {(Bound.BOUND, "")}
    assert (await fetch(api, pod)).annotations[DEVICES] == "1"
    assert _left(cluster) == (1000, 700)


async def test_a_pod_without_a_promise_is_asked_what_it_wants(api: Api, pod: Pod) -> None:
    """Its amount is the API server's word."""
    cluster = known(shared_node("n"))

    assert await binder_of(api, cluster).bind(Order(pod, "n")) == (Bound.BOUND, "")
    assert (await fetch(api, pod)).annotations[DEVICES] == "0"
    assert _left(cluster) == (700, 1000)


async def test_a_pod_that_somebody_bound_elsewhere_is_refused(api: Api, pod: Pod) -> None:
    """And what was held for it is free."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    await bind(api, pod, "elsewhere", {})

    bound, error = await binder.bind(Order(pod, "n"))

    assert (bound, error) == (Bound.REFUSED, "berth: the pod was bound to another node by somebody else")
    assert _left(cluster) == (1000, 1000)


async def test_a_pod_that_is_gone_is_refused(api: Api, pod: Pod, plane: ControlPlane) -> None:
    """Also where another one has its name meanwhile."""
    cluster = known(shared_node("n"))
    binder = binder_of(api, cluster)
    Cluster(plane).delete_pods()

    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    gone = await binder.bind(Order(pod, "n"))
    plane.api.send("POST", PODS, gpu_pod("unbound", 300, SHARES, schedulerName="nobody"))
    binder.flights.begin(pod.uid, hold_for("n", {SHARES: 300}, (1,)))
    replaced = await binder.bind(Order(pod, "n"))

    assert gone.bound is Bound.REFUSED
    assert replaced == (Bound.REFUSED, "berth: the pod is gone, and another one has its name")
    assert _left(cluster) == (1000, 1000)

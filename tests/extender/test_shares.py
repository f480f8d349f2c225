"""Shares of devices on a stock kube-scheduler that leaves their Bindings to the extender."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cluster.api import Api
from placement.keys import DEVICES, PLACEMENT
from placement.quantities import amount
from placement.shares import SHARES, devices_of, divided
from sandbox import ControlPlane
from tests.extender.scheduling import PODS, Cluster, ExtenderProgram, Json, gpu_pod, scheduler_configuration

NODES = {"shared-0": 4, "shared-1": 4}
# Of these each device has room for some more until it is nearly full, in whatever order they come.
MIXED = [100] * 16 + [150] * 12 + [200] * 10 + [250] * 6


def shared_node(name: str, devices: int) -> Json:
    """Return a node that offers its devices in shares."""
    capacity = {"cpu": "64", "memory": "256Gi", "pods": "110", SHARES: str(1000 * devices)}
    status = {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def configuration(url: str, name: str, *, is_listed: bool) -> Json:
    """Return the configuration of a scheduler that asks about shares by an entry of their own.

    Its other entry lists whole devices, or nothing: then every pod is asked about by it, and one with shares twice.
    """
    content = scheduler_configuration(url)
    content["profiles"][0]["schedulerName"] = name
    (whole,) = content["extenders"]
    shares = {
        **whole,
        "bindVerb": "bind",
        "httpTimeout": "2s",
        "ignorable": False,
        "managedResources": [{"name": SHARES}],
    }
    if not is_listed:
        del whole["managedResources"]
    content["extenders"] = [whole, shares]
    return content


class Sharing(Cluster):
    """A cluster whose pods ask for shares, and the program that decides about them."""

    def __init__(self, plane: ControlPlane, program: ExtenderProgram, scheduler: str) -> None:
        super().__init__(plane)
        self.program = program
        self.scheduler = scheduler

    def share(self, name: str, milli: int, **spec: Any) -> None:
        """Create a pod that asks for so many thousandths of a device."""
        pod = gpu_pod(name, milli, SHARES, **{"schedulerName": self.scheduler, **spec})
        pod["spec"]["containers"][0]["resources"]["limits"] |= {"cpu": "100m", "memory": "64Mi"}
        self.create(pod)

    def taken(self) -> Counter[tuple[str, int]]:
        """Return what bound pods have of each device; every one of them says of which."""
        taken: Counter[tuple[str, int]] = Counter()
        for each in self.plane.api.get(PODS)["items"]:
            node = each["spec"].get("nodeName")
            if node:
                asked = each["spec"]["containers"][0]["resources"]["requests"][SHARES]
                devices = devices_of(each["metadata"]["annotations"][DEVICES])
                parts = divided(amount(SHARES, asked))
                assert parts is not None
                assert len(set(devices)) == parts[0]
                taken.update({(node, device): parts[1] for device in devices})
        return taken

    def assert_no_device_is_overfilled(self) -> None:
        """Every device exists, and has at most what it is."""
        for (node, device), taken in self.taken().items():
            assert device < NODES[node]
            assert taken <= 1000


@pytest.fixture(scope="module", params=[True, False], ids=["listed", "everybody"])
def sharing(plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[Sharing]:
    """A scheduler of its own, and two nodes with four devices each."""
    name = f"sharing-{'listed' if request.param else 'everybody'}"
    program = ExtenderProgram(plane)
    plane.add_nodes([shared_node(*each) for each in NODES.items()])
    scheduler = plane.start_scheduler(configuration(program.url, name, is_listed=request.param), name)
    yield Sharing(plane, program, name)
    scheduler.stop()
    program.component.stop()
    plane.kubectl("delete", "node", *NODES)


@pytest.fixture
def cluster(sharing: Sharing) -> Iterator[Sharing]:
    """The cluster without pods."""
    yield sharing
    sharing.delete_pods()


@asynccontextmanager
async def first_bound(plane: ControlPlane) -> AsyncIterator[dict[str, Json]]:
    """Watch pods, and keep of each the first version that has a node."""
    found: dict[str, Json] = {}
    async with Api.connect(plane.kubeconfig) as api:
        version = json.loads(await api.get(PODS))["metadata"]["resourceVersion"]

        async def look() -> None:
            async for line in api.stream(PODS, {"watch": "1", "resourceVersion": version}):
                pod = json.loads(line)["object"]
                if pod["spec"].get("nodeName"):
                    found.setdefault(pod["metadata"]["name"], pod)

        watching = asyncio.create_task(look())
        yield found
        watching.cancel()


async def test_many_pods_at_once_share_devices_and_overfill_none(cluster: Sharing) -> None:
    """Each says of which devices it has shares from the moment at which it has a node."""
    names = [f"mixed-{index}" for index in range(len(MIXED))]
    lost_before = cluster.program.metric("bindings_total", outcome="lost_race")
    async with first_bound(cluster.plane) as found:
        for name, milli in zip(names, sorted(MIXED, key=lambda each: each * 7919 % 101), strict=True):
            await asyncio.to_thread(cluster.share, name, milli)
        for name in names:
            await asyncio.to_thread(cluster.node_of, name, 60)
        await asyncio.to_thread(cluster.plane.wait, lambda: len(found) == len(names), 20, "all were seen bound")

    cluster.assert_no_device_is_overfilled()
    assert sum(cluster.taken().values()) == sum(MIXED)
    for pod in found.values():
        content = json.loads(pod["metadata"]["annotations"][PLACEMENT])
        assert devices_of(pod["metadata"]["annotations"][DEVICES])
        assert content["node"] == pod["spec"]["nodeName"]
    assert cluster.program.metric("bindings_total", outcome="lost_race") == lost_before
    assert cluster.program.metric("bindings_total", outcome="refused") == 0


def test_a_share_needs_room_on_one_device(cluster: Sharing) -> None:
    """The node has enough in all; the pod waits, hears why, and is woken when one device has enough."""
    for index in range(8):
        cluster.share(f"base-{index}", 600)
    nodes = [cluster.node_of(f"base-{index}") for index in range(8)]
    assert Counter(nodes) == {"shared-0": 4, "shared-1": 4}

    cluster.share("late", 500)
    assert f"2 berth: node(s) with too few free {SHARES} on one device" in cluster.refusal("late")

    cluster.delete("base-3")
    assert cluster.node_of("late", 20) == nodes[3]
    cluster.assert_no_device_is_overfilled()


def test_an_amount_between_one_device_and_two_is_refused_with_the_reason(cluster: Sharing) -> None:
    """1500 would be a device and a half."""
    cluster.share("between", 1500)

    assert f"berth: node(s) refused: {SHARES} above 1000 must be a multiple of 1000" in cluster.refusal("between")


def test_whole_devices_are_asked_for_by_the_same_name(cluster: Sharing) -> None:
    """2000 are two devices of which nobody else has a share."""
    cluster.share("small", 100)
    cluster.node_of("small")
    cluster.share("pair", 2000)
    cluster.share("four", 4000)
    cluster.node_of("pair")
    cluster.node_of("four")

    assert len(devices_of(cluster.pod("pair")["metadata"]["annotations"][DEVICES])) == 2
    assert devices_of(cluster.pod("four")["metadata"]["annotations"][DEVICES]) == (0, 1, 2, 3)
    cluster.assert_no_device_is_overfilled()


def test_an_extender_that_dies_keeps_pods_with_shares_waiting_and_finds_its_account_again(cluster: Sharing) -> None:
    """Whole devices go on without it; which devices are shared is known to nobody else."""
    for index in range(24):
        cluster.share(f"before-{index}", 200)
    cluster.node_of("before-5")
    cluster.program.component.kill()
    cluster.share("meanwhile", 100)

    def condition() -> str:
        conditions = cluster.pod("meanwhile")["status"].get("conditions", [])
        return next((each["reason"] for each in conditions if each["type"] == "PodScheduled"), "")

    assert cluster.plane.wait(condition, 30, "the scheduler has tried") == "SchedulerError"
    cluster.program.start()
    for index in range(8):
        cluster.share(f"after-{index}", 300)
    names = [*(f"before-{index}" for index in range(24)), *(f"after-{index}" for index in range(3)), "meanwhile"]
    for name in names:
        cluster.node_of(name, 60)
    cluster.assert_no_device_is_overfilled()


def test_pods_with_wishes_go_where_they_wish_and_get_devices_too(cluster: Sharing) -> None:
    """Several nodes pass filter; the devices are chosen when the node is."""
    expression = {"key": "metadata.name", "operator": "In", "values": ["shared-1"]}
    preference = {"weight": 100, "preference": {"matchFields": [expression]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}}
    cluster.share("wishing", 300, affinity=affinity)

    assert cluster.node_of("wishing") == "shared-1"
    assert cluster.pod("wishing")["metadata"]["annotations"][DEVICES] == "0"


def test_whole_pods_and_pods_without_accelerators_are_bound_by_the_scheduler_itself(cluster: Sharing) -> None:
    """No Binding of theirs is asked of the extender."""
    before = cluster.program.metric("requests_total", verb="bind", outcome="answered")
    cluster.create(gpu_pod("whole", 1, schedulerName=cluster.scheduler))
    plain = gpu_pod("plain", 1, schedulerName=cluster.scheduler)
    del plain["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"]
    cluster.create(plain)

    assert not cluster.node_of("whole").startswith("shared-")
    assert cluster.node_of("plain")
    assert DEVICES not in cluster.pod("whole")["metadata"].get("annotations", {})
    assert cluster.program.metric("requests_total", verb="bind", outcome="answered") == before


def test_in_passthrough_a_share_goes_where_kube_scheduler_likes_and_gets_devices_all_the_same(cluster: Sharing) -> None:
    """kube-scheduler counts sums of nodes; a node of which no device has enough is refused when the pod is bound."""
    for index in range(8):
        cluster.share(f"base-{index}", 600)
    for index in range(8):
        cluster.node_of(f"base-{index}")
    cluster.program.switch("passthrough")
    try:
        cluster.share("fits", 400)
        cluster.share("too-large", 500)
        assert cluster.node_of("fits") in NODES
        assert cluster.program.metric("passthrough") == 1
        cluster.plane.wait(lambda: cluster.program.metric("bindings_total", outcome="lost_race"), 20, "it is refused")
    finally:
        cluster.program.switch("active")

    cluster.assert_no_device_is_overfilled()
    assert "too few free" in cluster.refusal("too-large")
    assert "nodeName" not in cluster.pod("too-large")["spec"]
    assert cluster.program.metric("passthrough") == 0

"""Rejected pods that would fit again are tried at once: what kube-scheduler does not see, a touched node tells it."""

import asyncio
from collections.abc import Iterator

import pytest

from placement.shares import SHARES
from sandbox import ControlPlane
from tests.extender.lagging import QUIET_SECONDS, Asked, asked, for_scheduler, until
from tests.extender.scheduling import Cluster, Json, gpu_pod, scheduler_configuration

# Without a touch it is five minutes (podMaxInUnschedulablePodsDuration); kube-scheduler's back-off is at most 10 s.
AT_ONCE_SECONDS = 15

NPU = "example.com/npu"
GPU = "nvidia.com/gpu"
HOSTNAME = "kubernetes.io/hostname"

# The node of each resource, and how much of it that says to have.
NODES = {NPU: ("npu-0", 0), SHARES: ("shared-0", 1000), GPU: ("grows-0", 1)}

CLASS = """
apiVersion: ome.io/v1beta1
kind: AcceleratorClass
metadata: {name: example-npu}
spec:
  vendor: example
  discovery: {nodeSelector: {example.com/npu.product: "%s"}}
  capabilities: {memoryGB: 16}
  resources: [{name: example.com/npu}]
"""


def with_devices_behind_claims(url: str) -> Json:
    """Return the configuration of a scheduler that leaves the count of an accelerator to somebody else."""
    configuration = scheduler_configuration(url)
    configuration["extenders"][0]["managedResources"] = [{"name": NPU, "ignoredByScheduler": True}]
    return configuration


def with_shares(url: str) -> Json:
    """Return the configuration of a scheduler whose pods with shares are bound by the extender."""
    configuration = scheduler_configuration(url)
    shares = {"bindVerb": "bind", "httpTimeout": "2s", "ignorable": False, "managedResources": [{"name": SHARES}]}
    configuration["extenders"][0] |= shares
    return configuration


def node_object(name: str, resource: str, amount: int) -> Json:
    """Return a node that has so much of a resource, or says nothing of it."""
    capacity = {"cpu": "64", "memory": "256Gi", "pods": "110"} | ({resource: str(amount)} if amount else {})
    return {
        "metadata": {"name": name, "labels": {HOSTNAME: name, f"{resource}.product": "one"}},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


@pytest.fixture
def nodes(plane: ControlPlane) -> Iterator[None]:
    """A node with an accelerator that it does not count, one with one shared device, and one with one GPU."""
    plane.add_nodes([node_object(name, resource, amount) for resource, (name, amount) in NODES.items()])
    yield
    for name, _ in NODES.values():
        plane.api.send("DELETE", f"/api/v1/nodes/{name}", {})


@pytest.fixture
def cluster(plane: ControlPlane, nodes: None) -> Iterator[Cluster]:
    """A cluster with these nodes, and without pods."""
    del nodes
    running = Cluster(plane)
    yield running
    running.delete_pods()


async def created(cluster: Cluster, scheduler: str, name: str, resource: str, amount: int) -> None:
    """Create a pod for a scheduler that may run on the node of this resource alone."""
    pod = gpu_pod(name, amount, resource, nodeSelector={HOSTNAME: NODES[resource][0]})
    await asyncio.to_thread(cluster.create, for_scheduler(scheduler, pod))


async def refused(cluster: Cluster, name: str) -> str:
    """Wait until the extender has refused a pod, and until nothing else is to come that would wake it."""
    message = await asyncio.to_thread(cluster.refusal, name)
    await asyncio.sleep(QUIET_SECONDS)
    assert "nodeName" not in (await asyncio.to_thread(cluster.pod, name))["spec"]
    return message


async def bound(cluster: Cluster, name: str) -> str:
    """Return the node to which a pod is bound at once."""
    return await asyncio.to_thread(cluster.node_of, name, AT_ONCE_SECONDS)


async def shared_by(cluster: Cluster, scheduler: str, first: str) -> None:
    """Create a pod that takes most of the shared device."""
    await created(cluster, scheduler, first, SHARES, 700)


async def test_a_class_that_is_edited_or_deleted(cluster: Cluster) -> None:
    """No event of Kubernetes' own tells kube-scheduler of it."""
    await asyncio.to_thread(cluster.plane.apply, CLASS % "another")
    async with asked(cluster.plane, "classes", with_devices_behind_claims) as extender:
        await created(cluster, "classes", "claims", NPU, 1)
        assert f"1 berth: node(s) without {NPU}" in await refused(cluster, "claims")

        await asyncio.to_thread(cluster.plane.apply, CLASS % "one")

        assert await bound(cluster, "claims") == "npu-0"
        await asyncio.to_thread(cluster.plane.apply, CLASS % "another")
        await created(cluster, "classes", "unknown", NPU, 1)
        assert f"1 berth: node(s) without {NPU}" in await refused(cluster, "unknown")

        await asyncio.to_thread(cluster.plane.kubectl, "delete", "acceleratorclass", "example-npu")

        assert await bound(cluster, "unknown") == "npu-0"
        assert extender.metric("touches_total", outcome="written") == 2


async def test_a_share_whose_binding_came_to_nothing(cluster: Cluster) -> None:
    """kube-scheduler sees its pod go, and asks about the other; but the devices are held until nothing can arrive."""
    async with asked(cluster.plane, "unbound", with_shares) as extender:
        extender.gates["binding"].clear()
        await shared_by(cluster, "unbound", "first")
        await until(lambda: extender.metric("bindings_total", outcome="unresolved") >= 1)
        await created(cluster, "unbound", "second", SHARES, 500)
        message = await refused(cluster, "second")
        assert f"1 berth: node(s) with too few free {SHARES} on one device" in message
        extender.gates["pods"].clear()
        await asyncio.to_thread(cluster.delete, "first")
        await refused(cluster, "second")

        extender.gates["binding"].set()

        assert await bound(cluster, "second") == "shared-0"
        assert extender.metric("touches_total", outcome="written") == 1


async def test_a_share_whose_pod_goes(cluster: Cluster) -> None:
    """kube-scheduler sees it go before we do."""
    async with asked(cluster.plane, "gone", with_shares) as extender:
        await shared_by(cluster, "gone", "first")
        await bound(cluster, "first")
        await until(lambda: extender.metric("holds") == 0)
        extender.gates["pods"].clear()
        await asyncio.to_thread(cluster.delete, "first")
        await created(cluster, "gone", "second", SHARES, 500)
        await refused(cluster, "second")

        extender.gates["pods"].set()

        assert await bound(cluster, "second") == "shared-0"
        assert extender.metric("touches_total", outcome="written") == 1


async def test_a_device_that_its_node_has_anew(cluster: Cluster) -> None:
    """kube-scheduler sees it before we do."""
    async with asked(cluster.plane, "grown") as extender:
        await created(cluster, "grown", "two", GPU, 2)
        await asyncio.to_thread(cluster.refusal, "two")
        await _grow(cluster, extender)
        await until(lambda: extender.metric("decisions_total", verdict="filtered") >= 1)
        await refused(cluster, "two")

        extender.gates["nodes"].set()

        assert await bound(cluster, "two") == "grows-0"
        assert extender.metric("touches_total", outcome="written") == 1


async def _grow(cluster: Cluster, extender: Asked) -> None:
    """Let the node have two GPUs, of which the extender hears nothing yet."""
    extender.gates["nodes"].clear()
    two = {GPU: "2"}
    patch = {"status": {"capacity": two, "allocatable": two}}
    path, kind = "/api/v1/nodes/grows-0/status", "application/merge-patch+json"
    await asyncio.to_thread(cluster.plane.api.send, "PATCH", path, patch, kind)

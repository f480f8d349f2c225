"""What happens every day is no error to kube-scheduler: the extender as it is composed, over HTTP, on real objects."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from placement.shares import SHARES
from sandbox import ControlPlane
from tests.extender.lagging import Asked, asked, composed, for_scheduler, until
from tests.extender.scheduling import H100, Cluster, Json, gpu_pod, scheduler_configuration

GPU = "nvidia.com/gpu"
UNKNOWN = "example.com/unknown"
HOSTNAME = "kubernetes.io/hostname"


@pytest.fixture
def cluster(plane: ControlPlane) -> Iterator[Cluster]:
    """A cluster without pods that nobody schedules."""
    running = Cluster(plane)
    yield running
    running.delete_pods()


@pytest.fixture
async def extender(cluster: Cluster) -> AsyncIterator[Asked]:
    """An extender that knows the cluster."""
    async with composed(cluster.plane) as running:
        await until(lambda: not running.readiness())
        yield running


async def ask(extender: Asked, verb: str, content: Json) -> Any:
    """Return what a question is answered."""
    async with ClientSession() as client, client.post(f"{extender.url}/{verb}", json=content) as response:
        assert response.status == 200
        return await response.json()


async def created(cluster: Cluster, pod: Json) -> Json:
    """Create a pod, and return it as kube-scheduler sends it."""
    await asyncio.to_thread(cluster.create, pod)
    stored = await asyncio.to_thread(cluster.pod, pod["metadata"]["name"])
    return {name: stored[name] for name in ("metadata", "spec", "status")}


def question(pod: Json, *names: str) -> Json:
    """Return ExtenderArgs."""
    return {"Pod": pod, "Nodes": None, "NodeNames": list(names)}


def order(pod: Json, node: str) -> Json:
    """Return ExtenderBindingArgs."""
    metadata = pod["metadata"]
    about = {"PodName": metadata["name"], "PodNamespace": metadata["namespace"], "PodUID": metadata["uid"]}
    return about | {"Node": node}


async def test_a_full_cluster_is_a_refusal_with_a_cause_for_each_node(cluster: Cluster) -> None:
    """An error would let the pod be tried again and again, and keep autoscalers from acting."""
    nodes = ("h100-0", "h100-1", "h100-2")
    for name in nodes:
        await created(cluster, gpu_pod(f"on-{name}", 8, nodeName=name))
    pod = await created(cluster, gpu_pod("one-more", 1, schedulerName="nobody"))
    async with composed(cluster.plane) as extender:
        await until(lambda: not extender.readiness())
        answer = await ask(extender, "filter", question(pod, *nodes))
        scores = await ask(extender, "prioritize", question(pod, *nodes))

    assert (answer["Error"], answer["NodeNames"], scores) == ("", [], [])
    assert answer["FailedAndUnresolvableNodes"] == dict.fromkeys(nodes, f"berth: node(s) with too few free {GPU}")


async def test_a_node_that_is_not_known_passes_behind_those_that_are(cluster: Cluster, extender: Asked) -> None:
    """kube-scheduler knows it, and counts its devices; of devices in shares nobody but the extender knows."""
    whole = await created(cluster, gpu_pod("whole", 1, schedulerName="nobody"))
    share = await created(cluster, gpu_pod("share", 500, SHARES, schedulerName="nobody"))

    both = await ask(extender, "filter", question(whole, "nowhere", "h100-0"))
    alone = await ask(extender, "filter", question(whole, "nowhere"))
    of_device = await ask(extender, "filter", question(share, "nowhere"))

    assert (both["Error"], both["NodeNames"]) == ("", ["h100-0"])
    assert (alone["Error"], alone["NodeNames"]) == ("", ["nowhere"])
    assert (of_device["Error"], of_device["NodeNames"]) == ("", [])
    assert of_device["FailedAndUnresolvableNodes"] == {"nowhere": f"berth: node(s) without {SHARES}"}


async def test_a_node_that_is_not_known_yet_passes(cluster: Cluster, extender: Asked) -> None:
    """The scheduler's watch was faster than ours."""
    extender.gates["nodes"].clear()
    allocatable = {"cpu": "8", "memory": "64Gi", "pods": "110", GPU: "1"}
    node = {"metadata": {"name": "young"}, "status": {"capacity": allocatable, "allocatable": allocatable}}
    await asyncio.to_thread(cluster.plane.add_nodes, [node])
    pod = await created(cluster, gpu_pod("early", 1, schedulerName="nobody"))
    before = extender.metric("nodes")

    early = await ask(extender, "filter", question(pod, "young"))
    extender.gates["nodes"].set()
    await until(lambda: extender.metric("nodes") == before + 1)
    later = await ask(extender, "filter", question(pod, "young"))
    await asyncio.to_thread(cluster.plane.api.send, "DELETE", "/api/v1/nodes/young", {})

    assert [(each["Error"], each["NodeNames"]) for each in (early, later)] == [("", ["young"])] * 2


async def test_a_resource_that_no_class_knows_is_none_of_our_business(cluster: Cluster, extender: Asked) -> None:
    """Every node passes that kube-scheduler has found."""
    pod = await created(cluster, gpu_pod("unknown", 1, UNKNOWN, schedulerName="nobody"))
    answer = await ask(extender, "filter", question(pod, "cpu-0", "nowhere"))

    assert (answer["Error"], answer["NodeNames"]) == ("", ["cpu-0", "nowhere"])
    assert extender.metric("requests_total", verb="filter", outcome="other_pod") == 1


async def test_a_pod_that_is_deleted_in_between_leaves_nothing_held(cluster: Cluster, extender: Asked) -> None:
    """Also one that is to be bound, of which kube-scheduler must hear: else it would count the pod for ever."""
    whole = await created(cluster, gpu_pod("whole", 8, schedulerName="nobody"))
    share = await created(cluster, gpu_pod("share", 500, SHARES, schedulerName="nobody"))
    await ask(extender, "filter", question(whole, "h100-0"))
    held = extender.metric("holds")
    await asyncio.to_thread(cluster.delete_pods)

    again = await ask(extender, "filter", question(whole, "h100-0"))
    bound = await ask(extender, "bind", order(share, "h100-0"))
    other = await ask(extender, "filter", question(whole | {"metadata": {"uid": "another"}}, "h100-0"))

    assert held == 1
    assert (again["Error"], again["NodeNames"]) == ("", ["h100-0"])
    assert bound["Error"].startswith("berth: the API server did not bind the pod: ")
    assert extender.metric("bindings_total", outcome="refused") == 1
    assert (other["Error"], other["NodeNames"]) == ("", ["h100-0"])


async def test_before_the_cluster_is_known_no_node_is_named(cluster: Cluster) -> None:
    """Readiness says so; kube-scheduler does without an extender that may be ignored, and tries again with another."""
    async with composed(cluster.plane, "nodes") as extender:
        pod = await created(cluster, gpu_pod("early", 1, schedulerName="nobody"))
        await until(lambda: extender.readiness() == ["nodes not listed yet"])
        filtered = await ask(extender, "filter", question(pod, "h100-0", "cpu-0"))
        bound = await ask(extender, "bind", order(pod, "h100-0"))
        extender.gates["nodes"].set()
        await until(lambda: not extender.readiness())
        afterwards = await ask(extender, "filter", question(pod, "h100-0", "cpu-0"))

    assert filtered["Error"].startswith("berth: ")
    assert not filtered["NodeNames"]
    assert "not known yet" in bound["Error"]
    assert "%" not in filtered["Error"] + bound["Error"]
    assert (afterwards["Error"], afterwards["NodeNames"]) == ("", ["h100-0"])


def unforgiving(url: str) -> Json:
    """Return the configuration of a scheduler to which every error of the extender is one of its own."""
    configuration = scheduler_configuration(url)
    names = [{"name": each} for each in (GPU, SHARES, UNKNOWN)]
    configuration["extenders"][0] |= {"ignorable": False, "managedResources": names}
    return configuration


async def test_kube_scheduler_counts_no_errors(cluster: Cluster) -> None:
    """Of pods that fit, that fit nowhere, that ask for what nobody knows, and that are deleted while they wait."""
    async with asked(cluster.plane, "ordinary", unforgiving) as extender:
        pods = [
            *(gpu_pod(f"fits-{index}", 8, nodeSelector=H100) for index in range(3)),
            gpu_pod("full", 1, nodeSelector=H100),
            gpu_pod("share", 500, SHARES),
            gpu_pod("unknown", 1, UNKNOWN),
            gpu_pod("short", 1, nodeSelector={HOSTNAME: "h100-0"}),
        ]
        for pod in pods:
            await asyncio.to_thread(cluster.create, for_scheduler("ordinary", pod))
        for index in range(3):
            await asyncio.to_thread(cluster.node_of, f"fits-{index}")
        for name in ("full", "share", "unknown", "short"):
            await asyncio.to_thread(cluster.refusal, name)
        await asyncio.to_thread(cluster.delete, "short")
        await asyncio.to_thread(cluster.delete, "fits-0")
        assert await asyncio.to_thread(cluster.node_of, "full")
        outcomes = await asyncio.to_thread(_attempts, extender)

    assert outcomes["error"] == 0
    assert outcomes["scheduled"] == 4
    assert outcomes["unschedulable"] >= 4


def _attempts(extender: Asked) -> dict[str, float]:
    assert extender.scheduler is not None
    families = text_string_to_metric_families(extender.scheduler.endpoint.read("/metrics"))
    counts = dict.fromkeys(("error", "scheduled", "unschedulable"), 0.0)
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == "scheduler_schedule_attempts_total":
            counts[sample.labels["result"]] += sample.value
    return counts

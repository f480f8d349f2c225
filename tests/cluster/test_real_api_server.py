"""What only a real API server can tell: that its answers are what the reflectors take them for."""

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.account import Account
from cluster.api import Api, ApiError, PatchKind
from cluster.objects import decode_node
from cluster.reflector import PAGE_SIZE, Reflector, Resource
from cluster.stores import NodeStore
from cluster.view import CLASSES_PATH, Kind
from placement.allowances import Bounds, Quota, Scope
from sandbox import ControlPlane, load_nodes
from tests.cluster.recorders import QUICK, Witness, until, watching
from tests.ome.stories import DEFINITIONS, STORIES

GPU = "nvidia.com/gpu"
PROJECT = Path(__file__).parents[2]

H100 = {
    "apiVersion": "ome.io/v1beta1",
    "kind": "AcceleratorClass",
    "metadata": {"name": "view-h100"},
    "spec": {"vendor": "nvidia", "discovery": {"nodeSelector": {"view": "yes"}}, "capabilities": {"memoryGB": 80}},
}


async def define(control_plane: ControlPlane) -> None:
    """Install our definitions, where they are not installed yet."""
    await asyncio.to_thread(control_plane.kubectl, "apply", "-k", str(PROJECT / "manifests/base/crds"))
    await asyncio.to_thread(
        control_plane.kubectl, "wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"
    )


def node(name: str, **labels: str) -> dict[str, Any]:
    """Return a node with 8 GPUs."""
    amounts = {"cpu": "96", "memory": "1Ti", "pods": "110", GPU: "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def pod(name: str, where: str, devices: int) -> dict[str, Any]:
    """Return a pod that is bound already."""
    resources = {"limits": {GPU: str(devices)}, "requests": {"cpu": "500m"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": where, "containers": [{"name": "c", "image": "c", "resources": resources}]},
    }


async def test_a_view_follows_the_cluster(control_plane: ControlPlane, real_api: Api) -> None:
    """A node, a bound pod, its end and the node's end are seen as they happen, also before our definitions exist."""
    witness = Witness()
    async with watching(real_api, *Kind, witness=witness) as view:
        assert view.catalog.classes == {}

        await real_api.create("/api/v1/nodes", node("view-1", view="yes"))
        await real_api.create("/api/v1/namespaces/default/pods", pod("view-pod", "view-1", 3))
        await until(lambda: view.inventory.nodes.get("view-1") and view.inventory.nodes["view-1"].free(GPU) == 5)
        assert view.inventory.nodes["view-1"].free("cpu") == 95_500
        assert witness.bound == ["view-pod"]

        await define(control_plane)
        await real_api.create(CLASSES_PATH, H100)
        await until(lambda: view.inventory.nodes["view-1"].classes == ("view-h100",))

        succeeded = {"status": {"phase": "Succeeded"}}
        await real_api.patch("/api/v1/namespaces/default/pods/view-pod/status", succeeded, PatchKind.MERGE)
        await until(lambda: view.inventory.nodes["view-1"].free(GPU) == 8)

        await asyncio.to_thread(control_plane.kubectl, "delete", "node", "view-1")
        await until(lambda: "view-1" not in view.inventory.nodes)
        assert view.namespace_labels("default") == {"kubernetes.io/metadata.name": "default"}


async def test_more_objects_than_a_page_are_all_seen(control_plane: ControlPlane, real_api: Api) -> None:
    """The server's continue tokens lead through the whole list."""
    count = PAGE_SIZE + 20
    await asyncio.to_thread(control_plane.add_nodes, [node(f"page-{index}", page="yes") for index in range(count)])
    account, witness = Account(), Witness()
    resource = Resource("/api/v1/nodes", decode_node, lambda each: each.name, label_selector="page=yes")
    reflector = Reflector(real_api, resource, NodeStore(account, witness), witness, QUICK)

    task = asyncio.create_task(reflector.run())
    await asyncio.wait_for(reflector.synced.wait(), 10)
    task.cancel()

    assert len(account.inventory.nodes) == count


async def test_the_servers_fake_nodes_are_understood(control_plane: ControlPlane, real_api: Api) -> None:
    """What the sandbox posts comes back as nodes with devices of every vendor, ready and with their taints."""
    await asyncio.to_thread(control_plane.add_nodes, load_nodes())

    async with watching(real_api, Kind.NODES) as view:
        nodes = view.inventory.nodes.values()

    assert {name for each in nodes for name in each.allocatable} >= {GPU, "amd.com/gpu", "gpu.intel.com/i915"}
    assert all(each.is_ready and each.is_schedulable for each in nodes)


async def test_a_version_that_is_gone_is_told_by_an_event(control_plane: ControlPlane, real_api: Api) -> None:
    """The server answers 200 and then says 410 in an event, as for the time before a definition was made."""
    await define(control_plane)
    query = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": "10"}

    lines = [msgspec.json.decode(line) async for line in real_api.stream(CLASSES_PATH, query)]

    assert [line["type"] for line in lines] == ["ERROR"]
    assert lines[0]["object"]["code"] == 410


async def test_a_bookmark_tells_what_happened_to_others(real_api: Api) -> None:
    """A watch that is over goes on behind what it did not select, without any event of its own."""
    version = msgspec.json.decode(await real_api.get("/api/v1/namespaces"))["metadata"]["resourceVersion"]
    query = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": "4",
        "fieldSelector": "metadata.name=nobody",
    }

    async def happen() -> None:
        await asyncio.sleep(0.5)
        await real_api.create("/api/v1/namespaces", {"metadata": {"name": "bookmarked"}})

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(happen())
        lines = [msgspec.json.decode(line) async for line in real_api.stream("/api/v1/namespaces", query)]

    assert {line["type"] for line in lines} == {"BOOKMARK"}
    assert int(version) < int(lines[-1]["object"]["metadata"]["resourceVersion"])


async def test_a_watch_that_is_left_leaves_no_connection(control_plane: ControlPlane, real_api: Api) -> None:
    """Also where the server has stopped answering, so that programs end at once and keep no dead connections."""
    version = msgspec.json.decode(await real_api.get("/api/v1/namespaces"))["metadata"]["resourceVersion"]
    lines = real_api.stream("/api/v1/namespaces", {"watch": "true", "resourceVersion": version})
    await real_api.create("/api/v1/namespaces", {"metadata": {"name": "left"}})
    await anext(lines)
    watching = _sockets()

    with control_plane.apiserver.paused():
        await lines.aclose()
        await asyncio.sleep(0)

        assert _sockets() == watching - 1


def _sockets() -> int:
    return sum("socket:" in os.path.realpath(file) for file in Path("/proc/self/fd").iterdir())


async def test_what_a_user_may_not_do_is_an_error_with_the_servers_words(control_plane: ControlPlane) -> None:
    """Missing rights are named by the server, and the credentials are read anew only for the unknown."""
    kubeconfig = control_plane.kubeconfig_for_user("nobody")

    async with Api.connect(kubeconfig) as api:
        with pytest.raises(ApiError, match='User "nobody" cannot list resource "nodes"') as raised:
            await api.get("/api/v1/nodes")

    assert (raised.value.status, raised.value.reason) == (403, "Forbidden")


async def test_omes_objects_are_seen_however_often_their_definitions_come_and_go(
    control_plane: ControlPlane, real_api: Api
) -> None:
    """OME may be installed, removed and installed again beside a program that runs; the stories are understood."""
    await real_api.create("/api/v1/namespaces", {"metadata": {"name": "ml"}})
    async with watching(real_api, Kind.RUNTIMES, Kind.CLUSTER_RUNTIMES, Kind.SERVICES, Kind.CLUSTER_MODELS) as view:
        for _ in range(2):
            assert view.serving.runtimes == {}
            await install_ome(control_plane)
            await until(lambda: ("ml", "env-merge-deployment") in view.serving.services, 20)
            await until(lambda: {("", "srt-llama"), ("ml", "sglang-universal")} <= view.serving.runtimes.keys(), 20)
            await until(lambda: ("", "llama-3-3-70b-instruct") in view.serving.models, 20)
            assert view.serving_problems == {}

            await asyncio.to_thread(control_plane.kubectl, "delete", "-f", str(DEFINITIONS))
            await until(lambda: not (view.serving.runtimes or view.serving.services or view.serving.models), 20)


async def install_ome(control_plane: ControlPlane) -> None:
    """Install OME's definitions and the stories' objects, none of whose fields the definitions may lack."""
    await asyncio.to_thread(control_plane.kubectl, "apply", "-f", str(DEFINITIONS))
    await asyncio.to_thread(
        control_plane.kubectl, "wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"
    )
    await asyncio.to_thread(control_plane.kubectl, "apply", "--validate=strict", "-f", str(STORIES))


async def test_quotas_and_limit_ranges_are_what_the_server_has(real_api: Api) -> None:
    """The server's own spelling of amounts and scopes is understood."""
    path = "/api/v1/namespaces/allowances"
    await real_api.create("/api/v1/namespaces", {"metadata": {"name": "allowances"}})
    hard = {"requests.nvidia.com/gpu": 8, "limits.cpu": "2500m", "requests.memory": "1.5Gi"}
    scopes = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}
    limits = [{"type": "Container", "max": {"nvidia.com/gpu": 2, "cpu": "0.5"}}]

    async with watching(real_api, Kind.QUOTAS, Kind.LIMIT_RANGES) as view:
        quota = {"metadata": {"name": "gpus"}, "spec": {"hard": hard, "scopeSelector": scopes}}
        await real_api.create(f"{path}/resourcequotas", quota)
        await real_api.create(f"{path}/limitranges", {"metadata": {"name": "small"}, "spec": {"limits": limits}})
        await until(lambda: view.allowances("allowances").quotas and view.allowances("allowances").limit_ranges)
        found = view.allowances("allowances")

    amounts = {"requests.nvidia.com/gpu": 8, "limits.cpu": 2500, "requests.memory": 3 * 2**29}
    assert found.quotas == (Quota("gpus", amounts, {}, (Scope("PriorityClass", "In", frozenset({"high"})),)),)
    assert found.limit_ranges[0].bounds == (Bounds("Container", {}, {"nvidia.com/gpu": 2, "cpu": 500}),)

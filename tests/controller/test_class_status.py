"""Nodes, accelerators and conflicts in the status of classes, on a real API server."""

import asyncio
import json
from contextlib import aclosing

import pytest

from cluster.api import Api
from placement.keys import SHARED
from sandbox import ControlPlane
from tests.controller.class_cluster import CLASSES_PATH, GPU, Corner
from tests.controller.test_controller import at_work, settings, until


@pytest.fixture
def corner(control_plane: ControlPlane) -> Corner:
    """Nodes and classes that no other test has."""
    return Corner(control_plane)


async def becomes(corner: Corner, name: str, *counts: int) -> None:
    """Return once the status of a class has these counts."""
    await until(corner.plane, lambda: corner.counts(name) == counts)


async def versions(api: Api, name: str, seconds: float) -> int:
    """Return how often a class is written within a time."""
    version = json.loads(await api.get(f"{CLASSES_PATH}/{name}"))["metadata"]["resourceVersion"]
    query = {"watch": "1", "fieldSelector": f"metadata.name={name}", "resourceVersion": version}
    written = 0
    try:
        async with asyncio.timeout(seconds), aclosing(api.stream(CLASSES_PATH, query)) as told:
            async for _ in told:
                written += 1
    except TimeoutError:
        return written
    return written


async def test_status_follows_the_nodes(corner: Corner, api: Api) -> None:
    """Nodes that cannot be used are told apart, and nothing of them is available."""
    async with at_work(api, settings()):
        first, second = corner.node("a"), corner.node("b")
        name = corner.accelerator_class()
        await becomes(corner, name, 2, 2, 16, 16)
        assert corner.status(name)["nodes"] == [first, second]

        corner.patch_node(first, {"spec": {"unschedulable": True}})
        corner.set_ready(second, "Unknown")
        third = corner.node("c", gpus=4)
        await becomes(corner, name, 1, 3, 4, 20)
        assert corner.status(name)["nodes"] == [third]
        assert corner.status(name)["unavailableNodes"] == {"cordoned": 1, "notReady": 1, "tainted": 0}

        corner.patch_node(first, {"spec": {"unschedulable": None}})
        corner.set_ready(second, "True")
        corner.patch_node(third, {"spec": {"taints": [{"key": "broken", "effect": "NoSchedule"}]}})
        await becomes(corner, name, 2, 3, 16, 20)
        assert corner.status(name)["unavailableNodes"] == {"cordoned": 0, "notReady": 0, "tainted": 1}

        corner.plane.kubectl("delete", "node", first)
        corner.patch_node(second, {"metadata": {"labels": {"corner": "elsewhere"}}})
        await becomes(corner, name, 0, 1, 0, 4)
        assert corner.status(name)["nodes"] == []


async def test_status_follows_the_pods(corner: Corner, api: Api) -> None:
    """What a pod holds is not available until it is gone."""
    async with at_work(api, settings()):
        node = corner.node("a")
        name = corner.accelerator_class()
        delete = corner.pod(node, 3)
        await becomes(corner, name, 1, 1, 5, 8)

        corner.pod(node, 1)
        delete()
        await becomes(corner, name, 1, 1, 7, 8)


async def test_status_follows_the_class(corner: Corner, api: Api) -> None:
    """Other resources count other devices, tolerations admit nodes, and one that is not in force has nothing."""
    async with at_work(api, settings()):
        node = corner.node("a")
        corner.patch_node(node, {"spec": {"taints": [{"key": "dedicated", "effect": "NoSchedule"}]}})
        corner.patch_node(node, {"status": {"allocatable": {"amd.com/gpu": "2"}}}, "status")
        name = corner.accelerator_class()
        await becomes(corner, name, 0, 1, 0, 8)

        tolerated = [{"key": "dedicated", "operator": "Exists"}]
        corner.accelerator_class(tolerations=tolerated, resources=[{"name": "amd.com/gpu"}])
        await becomes(corner, name, 1, 1, 2, 2)

        corner.accelerator_class(discovery={"pciVendorID": "10de"})
        await becomes(corner, name, 0, 0, 0, 0)
        assert corner.condition(name, "Ready")["status"] == "False"


async def test_a_node_that_offers_shares_has_its_devices(corner: Corner, api: Api) -> None:
    """In whole ones, whatever the names are."""
    async with at_work(api, settings()):
        node = corner.node("a", gpus=0)
        corner.patch_node(node, {"metadata": {"labels": {SHARED: "4"}}})
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 1, 4, 4)


async def test_a_class_that_is_deleted_leaves_nothing_behind(corner: Corner, api: Api) -> None:
    """Neither a failing look nor a number among the metrics."""
    async with at_work(api, settings()) as controller:
        corner.node("a")
        name, other = corner.accelerator_class(), corner.accelerator_class("other")
        await becomes(corner, name, 1, 1, 8, 8)

        corner.plane.kubectl("delete", "acceleratorclass", name)
        corner.node("b")
        await becomes(corner, other, 2, 2, 16, 16)

        told = {sample.labels.get("class") for metric in controller.metrics() for sample in metric.samples}
        assert other in told
        assert name not in told
        assert not any(name in each for each in controller.readiness())


async def test_nothing_is_written_while_nothing_changes(corner: Corner, api: Api) -> None:
    """Nor where what changes is nothing to the class; the time is that of the last change."""
    async with at_work(api, settings()):
        node = corner.node("a")
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 1, 8, 8)
        before = corner.found(name)

        writes = asyncio.create_task(versions(api, name, 2))
        for number in range(10):
            corner.patch_node(node, {"metadata": {"annotations": {"beat": str(number)}}})
            await asyncio.sleep(0.1)
        assert await writes == 0
        assert corner.found(name) == before

        corner.patch_node(node, {"spec": {"unschedulable": True}})
        await becomes(corner, name, 0, 1, 0, 8)
        assert corner.status(name)["lastUpdated"] > before["status"]["lastUpdated"]


async def test_a_class_whose_nodes_change_all_the_time_is_written_once_a_second(corner: Corner, api: Api) -> None:
    """And is right when it ends."""
    async with at_work(api, settings()):
        node = corner.node("a")
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 1, 8, 8)

        writes = asyncio.create_task(versions(api, name, 3))
        for number in range(47, 7, -1):  # never what it was before, whenever somebody looks
            amounts = {GPU: str(number)}
            await asyncio.to_thread(
                corner.patch_node, node, {"status": {"capacity": amounts, "allocatable": amounts}}, "status"
            )
            await asyncio.sleep(0.05)
        assert 1 <= await writes <= 4
        await becomes(corner, name, 1, 1, 8, 8)


async def test_classes_that_contradict_each_other_say_so_until_they_do_not(corner: Corner, api: Api) -> None:
    """Each names the other and what differs."""
    async with at_work(api, settings()):
        one = corner.accelerator_class("one", capabilities={"memoryGB": "80Gi"})
        other = corner.accelerator_class("other", capabilities={"memoryGB": "40Gi"})
        await until(corner.plane, lambda: corner.condition(one, "Conflict").get("status") == "True")
        await until(corner.plane, lambda: corner.condition(other, "Conflict").get("status") == "True")
        said = corner.condition(one, "Conflict")
        assert said["reason"] == "CapabilitiesDiffer"
        assert f"memory: 80 GiB here, 40 GiB in {other}" in said["message"]

        corner.accelerator_class("other", capabilities={"memoryGB": "81559Mi"})
        await until(
            corner.plane, lambda: not corner.condition(one, "Conflict") and not corner.condition(other, "Conflict")
        )


async def test_kubectl_shows_what_there_is(corner: Corner, api: Api) -> None:
    """Nodes, all accelerators and the available ones in one line."""
    async with at_work(api, settings()):
        corner.pod(corner.node("a"), 3)
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 1, 5, 8)

        header, row = corner.plane.kubectl("get", "acceleratorclasses", name).splitlines()
        shown = dict(zip(header.split()[-5:], row.split()[-5:], strict=True))
        assert {key: shown[key] for key in ("NODES", "TOTAL", "AVAILABLE", "READY")} == {
            "NODES": "1",
            "TOTAL": "8",
            "AVAILABLE": "5",
            "READY": "True",
        }


async def test_metrics_tell_what_each_class_has(corner: Corner, api: Api) -> None:
    """By state; the proposal's two are parts of all that there are."""
    async with at_work(api, settings()) as controller:
        corner.pod(corner.node("a"), 6)
        corner.patch_node(corner.node("b"), {"spec": {"unschedulable": True}})
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 2, 2, 16)

        samples = [
            each for metric in controller.metrics() for each in metric.samples if each.labels.get("class") == name
        ]
        told = {(each.name, each.labels.get("state", "")): each.value for each in samples}
        assert told == {
            ("berth_class_nodes", "available"): 1,
            ("berth_class_nodes", "cordoned"): 1,
            ("berth_class_nodes", "not_ready"): 0,
            ("berth_class_nodes", "tainted"): 0,
            ("berth_class_accelerators", "total"): 16,
            ("berth_class_accelerators", "available"): 2,
            ("ome_accelerator_availability", ""): 2 / 16,
            ("ome_accelerator_utilization", ""): 6 / 16,
        }


async def test_absurd_nodes_end_nothing(corner: Corner, api: Api) -> None:
    """More devices than a status can say, and none at all."""
    async with at_work(api, settings()):
        huge = corner.node("a", gpus=2**40)
        name = corner.accelerator_class()
        await becomes(corner, name, 1, 1, 2**31 - 1, 2**31 - 1)
        corner.patch_node(huge, {"status": {"allocatable": {GPU: "0"}, "capacity": {GPU: "0"}}}, "status")
        await becomes(corner, name, 1, 1, 0, 0)

"""What a view makes of the API server's answers."""

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from cluster.api import ApiError
from cluster.view import ClusterView, Kind
from tests.cluster.recorders import QUICK, Witness, until, watching
from tests.cluster.world import World, serving

GPU = "nvidia.com/gpu"
CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"
PROFILES = "/apis/berth.ome.io/v1alpha1/acceleratorprofiles"


@pytest.fixture
async def world() -> World:
    """A cluster with one GPU node, one class, one profile and one namespace."""
    world = World()
    world.put("/api/v1/nodes", node("n1"))
    world.put("/api/v1/namespaces", {"metadata": {"name": "ai", "labels": {"team": "chat"}}})
    world.put("/api/v1/pods", pod("u1", "n1"))
    world.put(CLASSES, accelerator_class("h100", {"gpu": "h100"}))
    world.put(PROFILES, {"metadata": {"name": "vllm", "resourceVersion": "1"}, "spec": {"podSelector": {}}})
    return world


def node(name: str, label: str = "h100", devices: int = 8) -> dict[str, Any]:
    """Return a node with GPUs."""
    return {
        "metadata": {"name": name, "labels": {"gpu": label}, "resourceVersion": "1"},
        "status": {"allocatable": {GPU: str(devices)}},
    }


def pod(uid: str, where: str = "", devices: int = 2, **parts: Any) -> dict[str, Any]:
    """Return a pod with GPUs."""
    containers = [{"name": "c", "resources": {"requests": {GPU: str(devices)}}}]
    metadata = {"name": uid, "namespace": "ai", "uid": uid, "resourceVersion": "2"}
    return {"metadata": metadata, "spec": {"nodeName": where, "containers": containers}, **parts}


def accelerator_class(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return an AcceleratorClass."""
    return {
        "metadata": {"name": name, "resourceVersion": "2"},
        "spec": {"vendor": "nvidia", "discovery": {"nodeSelector": labels}},
    }


async def test_a_view_shows_the_cluster(world: World, tmp_path: Path) -> None:
    """Nodes with what pods hold and which classes they carry, classes, profiles and namespaces."""
    async with serving(world, tmp_path) as api, watching(api, *Kind) as view:
        assert view.is_synced
        assert view.inventory.nodes["n1"].free(GPU) == 6
        assert view.inventory.nodes["n1"].classes == ("h100",)
        assert set(view.catalog.classes) == {"h100"}
        assert [each.name for each in view.profiles] == ["vllm"]
        assert view.namespace_labels("ai") == {"team": "chat"}
        assert view.namespace_labels("new") is None


async def test_what_is_not_watched_is_empty(world: World, tmp_path: Path) -> None:
    """A program that needs no pods does not pay for them."""
    async with serving(world, tmp_path) as api, watching(api, Kind.NODES) as view:
        assert view.inventory.nodes["n1"].free(GPU) == 8
        assert view.catalog.classes == {}
        assert set(world.streams) <= {"/api/v1/nodes"}


async def test_a_view_says_what_it_has_not_seen_yet(world: World, tmp_path: Path) -> None:
    """A program is not ready before everything was listed once."""
    async with serving(world, tmp_path) as api:
        view = ClusterView(api, [Kind.NODES, Kind.CLASSES])

        assert not view.is_synced
        assert view.unsynced == (Kind.CLASSES, Kind.NODES)


async def test_a_cluster_without_our_definitions_has_no_classes(world: World, tmp_path: Path) -> None:
    """Custom objects whose definition is missing are none, and no obstacle."""
    del world.objects[CLASSES], world.objects[PROFILES]

    async with serving(world, tmp_path) as api, watching(api, *Kind) as view:
        assert view.catalog.classes == {}
        assert view.profiles == ()


async def test_valid_classes_work_beside_an_invalid_one(world: World, tmp_path: Path) -> None:
    """What is wrong with it is kept in sentences, and it is no class until it is right."""
    world.put(CLASSES, accelerator_class("broken", {}))
    witness = Witness()

    async with serving(world, tmp_path) as api, watching(api, Kind.CLASSES, witness=witness) as view:
        assert set(view.catalog.classes) == {"h100"}
        assert view.class_problems["broken"][0].startswith("spec.discovery: selects no node")

        await until(lambda: CLASSES in world.streams)
        world.tell(CLASSES, "MODIFIED", accelerator_class("broken", {"gpu": "t4"}))
        await until(lambda: "broken" in view.catalog.classes)
        assert view.class_problems == {}

    assert witness.catalogs == [{"h100"}, {"h100", "broken"}]


async def test_a_node_that_comes_to_carry_another_class_is_told_of(world: World, tmp_path: Path) -> None:
    """Pods that were refused may fit now that the classes are others, so whoever waits for a change hears of it."""
    witness = Witness()

    async with serving(world, tmp_path) as api, watching(api, Kind.NODES, Kind.CLASSES, witness=witness) as view:
        (name,) = view.inventory.nodes
        witness.changed.clear()
        await until(lambda: CLASSES in world.streams)
        world.tell(CLASSES, "ADDED", accelerator_class("again", dict(view.inventory.nodes[name].labels)))
        await until(lambda: "again" in view.catalog.classes)

        assert witness.changed == [name]
        assert "again" in view.inventory.nodes[name].classes


async def test_an_invalid_profile_is_kept_as_a_problem(world: World, tmp_path: Path) -> None:
    """The same holds for profiles."""
    world.put(PROFILES, {"metadata": {"name": "broken", "resourceVersion": "1"}, "spec": {}})

    async with serving(world, tmp_path) as api, watching(api, Kind.PROFILES) as view:
        assert view.profile_problems == {"broken": ("spec.podSelector: is missing",)}
        assert [each.name for each in view.profiles] == ["vllm"]


async def test_a_class_that_comes_or_goes_changes_the_nodes(world: World, tmp_path: Path) -> None:
    """The inventory always agrees with the catalog."""
    classes = []

    async with serving(world, tmp_path) as api, watching(api, Kind.CLASSES, Kind.NODES) as view:
        await until(lambda: CLASSES in world.streams)
        world.tell(CLASSES, "ADDED", accelerator_class("any", {"gpu": "h100"}))
        await until(lambda: "any" in view.catalog.classes)
        classes.append(view.inventory.nodes["n1"].classes)
        world.tell(CLASSES, "DELETED", accelerator_class("h100", {"gpu": "h100"}))
        await until(lambda: "h100" not in view.catalog.classes)
        classes.append(view.inventory.nodes["n1"].classes)

    assert classes == [("any", "h100"), ("any",)]


async def test_pods_that_are_bound_later_are_told_once(world: World, tmp_path: Path) -> None:
    """What was bound before the first list is no news, nor is a bound pod that changes."""
    witness = Witness()

    async with serving(world, tmp_path) as api, watching(api, Kind.PODS, Kind.NODES, witness=witness) as view:
        await until(lambda: "/api/v1/pods" in world.streams)
        world.tell("/api/v1/pods", "ADDED", pod("u2"))
        world.tell("/api/v1/pods", "MODIFIED", pod("u2", "n1"))
        world.tell("/api/v1/pods", "MODIFIED", pod("u2", "n1", status={"phase": "Running"}))
        await until(lambda: view.inventory.nodes["n1"].free(GPU) == 4)
        world.tell("/api/v1/pods", "DELETED", pod("u1", "n1"))
        await until(lambda: view.inventory.nodes["n1"].free(GPU) == 6)

    assert witness.bound == ["u2"]
    assert witness.changed == ["n1", "n1"]


async def test_pods_without_a_node_are_told(world: World, tmp_path: Path) -> None:
    """A pod that the scheduler gave up for now; one that is on its way out is nobody's concern."""
    unschedulable = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    leaving = pod("u3", status=unschedulable)
    leaving["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    witness = Witness()

    async with serving(world, tmp_path) as api, watching(api, Kind.PODS, witness=witness):
        await until(lambda: "/api/v1/pods" in world.streams)
        world.tell("/api/v1/pods", "ADDED", leaving)
        world.tell("/api/v1/pods", "ADDED", pod("u2", status=unschedulable))
        await until(lambda: witness.waiting)

    assert witness.waiting == ["u2"]


async def test_a_node_that_changes_is_told(world: World, tmp_path: Path) -> None:
    """News of a node that change nothing for us, like a heartbeat, are none."""
    witness = Witness()

    async with serving(world, tmp_path) as api, watching(api, Kind.NODES, witness=witness):
        await until(lambda: "/api/v1/nodes" in world.streams)
        world.tell("/api/v1/nodes", "MODIFIED", node("n1"))
        world.tell("/api/v1/nodes", "MODIFIED", node("n1", devices=4))
        world.tell("/api/v1/nodes", "ADDED", node("n2"))
        await until(lambda: "n2" in witness.changed)

    assert witness.changed == ["n1", "n1", "n2"]


async def test_labels_of_a_namespace_can_be_fetched(world: World, tmp_path: Path) -> None:
    """A pod may be created in a namespace before the watch has told of it."""
    async with serving(world, tmp_path) as api:
        view = ClusterView(api, [])

        assert await view.fetch_namespace_labels("ai") == {"team": "chat"}
        with pytest.raises(ApiError, match="404"):
            await view.fetch_namespace_labels("nowhere")


async def test_a_view_says_how_old_it_is(world: World, tmp_path: Path) -> None:
    """Each kind by itself, from when the server last told anything of it: a list, an event, a bookmark."""
    now = 100.0
    pacing = replace(QUICK, clock=lambda: now)
    async with serving(world, tmp_path) as api, watching(api, Kind.NODES, Kind.PODS, pacing=pacing) as view:
        assert view.ages == {"nodes": 0, "pods": 0}
        now = 107.0
        assert view.ages == {"nodes": 7, "pods": 7}
        await until(lambda: "/api/v1/nodes" in world.streams)
        world.tell("/api/v1/nodes", "BOOKMARK", {"metadata": {"resourceVersion": "9"}})
        await until(lambda: view.ages["nodes"] == 0)
        assert view.ages == {"nodes": 0, "pods": 7}

        idle = ClusterView(api, [Kind.NODES])
        assert idle.ages == {"nodes": inf}


async def test_a_list_of_classes_is_told_of_once(world: World, tmp_path: Path) -> None:
    """With each catalog all nodes are judged anew; a class that comes later is one."""
    world.put(CLASSES, accelerator_class("any", {"gpu": "h100"}))
    witness = Witness()
    async with serving(world, tmp_path) as api, watching(api, Kind.CLASSES, witness=witness):
        assert witness.catalogs == [{"h100", "any"}]

        await until(lambda: CLASSES in world.streams)
        world.tell(CLASSES, "ADDED", accelerator_class("l4", {"gpu": "l4"}))
        await until(lambda: witness.catalogs[-1] == {"h100", "any", "l4"})

"""What a view makes of OME's serving objects, of quotas and of limit ranges."""

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.view import Kind
from placement.allowances import NO_LIMITS
from placement.asking.serving import ServingObjects
from tests.cluster.recorders import until, watching
from tests.cluster.world import World, serving
from tests.ome.stories import COLLECTIONS, collection, stories

RUNTIMES = collection("ServingRuntime")
SERVING = (Kind.RUNTIMES, Kind.CLUSTER_RUNTIMES, Kind.SERVICES, Kind.MODELS, Kind.CLUSTER_MODELS)
QUOTAS, LIMIT_RANGES = "/api/v1/resourcequotas", "/api/v1/limitranges"


@pytest.fixture
def world() -> World:
    """A cluster with OME and the stories' objects."""
    world = World()
    for kind in COLLECTIONS:
        world.put(collection(kind))
    for (kind, _), content in stories().items():
        world.put(collection(kind), versioned(content))
    return world


def versioned(content: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return an object as a server has it, with some fields of its spec replaced."""
    copy: dict[str, Any] = json.loads(json.dumps(content))
    copy["metadata"]["resourceVersion"] = "1"
    copy["spec"] |= spec
    return copy


def universal(**spec: Any) -> dict[str, Any]:
    """Return the runtime for every GPU with some fields replaced."""
    return versioned(stories()["ServingRuntime", "sglang-universal"], **spec)


def quota(name: str, namespace: str, used: int = 0) -> dict[str, Any]:
    """Return a quota for GPUs."""
    amounts = {"hard": {"requests.nvidia.com/gpu": "8"}, "used": {"requests.nvidia.com/gpu": str(used)}}
    return {"metadata": {"name": name, "namespace": namespace, "resourceVersion": "1"}, "spec": {}, "status": amounts}


async def test_a_view_knows_what_stands_behind_pods(world: World, tmp_path: Path) -> None:
    """Objects of namespaces and of the cluster stand together, each at its place."""
    async with serving(world, tmp_path) as api, watching(api, *SERVING) as view:
        objects = view.serving

    assert {place for place in objects.runtimes if place[0] != "ml"} == {("", "srt-llama")}
    assert objects.runtimes["ml", "sglang-universal"].name == "sglang-universal"
    assert ("ml", "llama-70b-landed") in objects.services
    assert set(objects.models) == {("ml", "llama-7b"), ("", "llama-3-3-70b-instruct")}
    assert view.serving_problems == {}


async def test_serving_objects_are_the_same_value_until_one_changes(world: World, tmp_path: Path) -> None:
    """Objects that stayed as they are cost a pod no work, and a new status changes nothing of what they say."""
    async with serving(world, tmp_path) as api, watching(api, Kind.RUNTIMES) as view:
        before = view.serving
        await until(lambda: RUNTIMES in world.streams)
        world.tell(RUNTIMES, "MODIFIED", {**universal(), "status": {"ready": True}})
        world.tell(RUNTIMES, "ADDED", versioned({"metadata": {"name": "other", "namespace": "b"}, "spec": {}}))
        await until(lambda: ("b", "other") in view.serving.runtimes)
        after = view.serving
        world.tell(RUNTIMES, "DELETED", universal())
        await until(lambda: ("ml", "sglang-universal") not in view.serving.runtimes)

    assert after is not before
    assert after.runtimes["ml", "sglang-universal"] is before.runtimes["ml", "sglang-universal"]
    assert len(view.serving.runtimes) == len(after.runtimes) - 1


async def test_a_runtime_of_one_name_in_two_namespaces_is_two(world: World, tmp_path: Path) -> None:
    """The end of one is not the end of the other."""
    other = universal()
    other["metadata"]["namespace"] = "b"
    world.put(RUNTIMES, other)

    async with serving(world, tmp_path) as api, watching(api, Kind.RUNTIMES) as view:
        await until(lambda: RUNTIMES in world.streams)
        assert ("b", "sglang-universal") in view.serving.runtimes
        world.tell(RUNTIMES, "DELETED", other)
        await until(lambda: ("b", "sglang-universal") not in view.serving.runtimes)

        assert ("ml", "sglang-universal") in view.serving.runtimes


async def test_what_cannot_be_understood_is_told_beside_what_can(world: World, tmp_path: Path) -> None:
    """A wrong quantity is a problem with the object's name, and the object counts without it."""
    async with serving(world, tmp_path) as api, watching(api, Kind.RUNTIMES) as view:
        await until(lambda: RUNTIMES in world.streams)
        world.tell(RUNTIMES, "MODIFIED", universal(acceleratorRequirements={"minMemory": "lots"}))
        await until(lambda: view.serving_problems)
        problems = dict(view.serving_problems)
        kept = view.serving.runtimes["ml", "sglang-universal"].layer.configurations
        world.tell(RUNTIMES, "MODIFIED", universal())
        await until(lambda: not view.serving_problems)

    assert list(problems) == ["ServingRuntime ml/sglang-universal"]
    assert problems["ServingRuntime ml/sglang-universal"][0].startswith(
        "spec.acceleratorRequirements.minMemory: 'lots'"
    )
    assert len(kept[0]) == 2


async def test_without_ome_there_are_no_serving_objects(tmp_path: Path) -> None:
    """Definitions that are missing are no obstacle."""
    async with serving(World(), tmp_path) as api, watching(api, *SERVING) as view:
        assert view.is_synced
        assert view.serving == ServingObjects()


async def test_a_namespace_has_its_own_allowances(tmp_path: Path) -> None:
    """Quotas and limit ranges count where they stand, in the order of their names, as they were last seen."""
    world = World()
    world.put(QUOTAS, quota("b", "ml"), quota("a", "ml"), quota("c", "other"))
    bounds = {"spec": {"limits": [{"type": "Pod", "max": {"nvidia.com/gpu": "4"}}]}}
    world.put(LIMIT_RANGES, {"metadata": {"name": "l", "namespace": "ml", "resourceVersion": "1"}, **bounds})

    async with serving(world, tmp_path) as api, watching(api, Kind.QUOTAS, Kind.LIMIT_RANGES) as view:
        assert [each.name for each in view.allowances("ml").quotas] == ["a", "b"]
        assert [each.name for each in view.allowances("ml").limit_ranges] == ["l"]
        assert [each.name for each in view.allowances("other").quotas] == ["c"]
        assert view.allowances("nowhere") == NO_LIMITS

        await until(lambda: QUOTAS in world.streams)
        world.tell(QUOTAS, "MODIFIED", quota("a", "ml", used=6))
        world.tell(QUOTAS, "DELETED", quota("b", "ml"))
        await until(lambda: len(view.allowances("ml").quotas) == 1)
        (left,) = view.allowances("ml").quotas

    assert left.used == {"requests.nvidia.com/gpu": 6}

"""Status of classes on OME's definition, beside OME's controller, on a real API server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.api import Api
from cluster.class_definition import FIELDS, pruned_fields
from sandbox import ControlPlane
from tests.controller.class_cluster import Corner
from tests.controller.conftest import MANIFESTS
from tests.controller.test_controller import at_work, settings, until
from tests.ome.class_controller import ClassController

OMES = Path(__file__).parents[1] / "ome/accelerator-classes.yaml"
OWN = MANIFESTS / "crds/accelerator-classes.yaml"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """An API server with OME's definition of AcceleratorClass, and without profiles."""
    with ControlPlane(kwok=False) as started:
        started.apply(OMES)
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("create", "namespace", "berth-system")
        yield started


@pytest.fixture
def corner(control_plane: ControlPlane) -> Corner:
    """Nodes and classes that no other test has."""
    return Corner(control_plane)


@asynccontextmanager
async def omes_at_work(api: Api) -> AsyncIterator[ClassController]:
    """Run OME's controller."""
    controller = ClassController(api)
    running = asyncio.create_task(controller.run())
    yield controller
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def accelerators(corner: Corner, name: str) -> tuple[int | None, int | None]:
    """Return the available and all accelerators of a class."""
    status = corner.status(name)
    return status.get("availableAccelerators"), status.get("totalAccelerators")


@contextmanager
def berths_definition(plane: ControlPlane) -> Iterator[None]:
    """Put Berth's definition in the place of OME's for a while."""
    plane.apply(OWN)
    try:
        plane.wait(lambda: "unavailableNodes" in _schema(plane), 20, "Berth's definition is there")
        yield
    finally:
        plane.apply(OMES)
        plane.wait(lambda: "unavailableNodes" not in _schema(plane), 20, "OME's definition is back")


def _schema(plane: ControlPlane) -> str:
    return plane.api.read("/openapi/v3/apis/ome.io/v1beta1")


def paths(schema: Json, path: str = "") -> Iterator[str]:
    """Yield the paths of all fields of a schema."""
    for name, field in schema.get("properties", {}).items():
        yield (where := f"{path}.{name}".lstrip("."))
        yield from paths(field, where)


def fields(file: Path) -> set[str]:
    """Return the paths of all fields of a definition."""
    return set(paths(yaml.safe_load(file.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))


def test_what_omes_definition_lacks_is_known() -> None:
    """All that Berth's has beyond it, but for what it keeps as it comes, and for what Berth's own refuses."""
    omes = fields(OMES)
    lacking = {each for each in fields(OWN) - omes if each.rpartition(".")[0] in omes}

    kept = {each for each in lacking if each.startswith("spec.discovery.affinity.")}
    assert lacking - kept - {"spec.nodeSelector", "metadata.name"} == set(FIELDS)


async def test_two_controllers_never_write_in_turns(corner: Corner, api: Api) -> None:
    """Each has fields of its own; each change costs each of them one write at most."""
    usable, cordoned = corner.node("a"), corner.node("b")
    corner.patch_node(cordoned, {"spec": {"unschedulable": True}})
    name = corner.accelerator_class()
    async with omes_at_work(api) as omes, at_work(api, settings()):
        await until(corner.plane, lambda: accelerators(corner, name) == (8, 16))
        await until(corner.plane, lambda: corner.status(name).get("availableNodes") == 2)
        await asyncio.sleep(1.5)
        before = corner.found(name)
        assert before["status"]["nodes"] == [usable, cordoned]
        writes, events = omes.writes[name], omes.events

        corner.patch_node(usable, {"metadata": {"annotations": {"beat": "1"}}})
        await asyncio.sleep(2)
        assert corner.found(name) == before
        assert omes.writes[name] == writes
        assert omes.events > events

        corner.node("c")
        await until(corner.plane, lambda: accelerators(corner, name) == (16, 24))
        await until(corner.plane, lambda: corner.status(name).get("availableNodes") == 3)
        settled = corner.found(name)
        await asyncio.sleep(2)
        assert corner.found(name) == settled
        assert omes.writes[name] == writes + 1
        assert "unavailableNodes" not in settled["status"]


async def test_what_is_pruned_is_a_condition_until_the_definition_is_another(corner: Corner, api: Api) -> None:
    """It names the fields; with Berth's definition the status is whole."""
    corner.node("a")
    name = corner.accelerator_class()
    async with at_work(api, settings()):
        await until(corner.plane, lambda: bool(corner.condition(name, "SchemaComplete")))
        said = corner.condition(name, "SchemaComplete")
        assert (said["status"], said["reason"]) == ("False", "FieldsPruned")
        assert (
            "spec.scalableFromZero, spec.tolerations, status.unavailableNodes: the API server drops" in said["message"]
        )
        assert corner.status(name).keys() == {"totalAccelerators", "availableAccelerators", "conditions"}

        with berths_definition(corner.plane):
            await until(corner.plane, lambda: corner.counts(name) == (1, 1, 8, 8))
            assert not corner.condition(name, "SchemaComplete")
            assert await pruned_fields(api) == ()


async def test_classes_that_omes_controller_cares_for_are_left_to_it(corner: Corner, api: Api) -> None:
    """Also on Berth's definition: its finalizer tells. What Berth wrote before does not stay."""
    corner.patch_node(corner.node("a"), {"spec": {"unschedulable": True}})
    with berths_definition(corner.plane):
        name = corner.accelerator_class()
        async with at_work(api, settings()):
            await until(corner.plane, lambda: corner.counts(name) == (0, 1, 0, 8))
            async with omes_at_work(api) as omes:
                await until(corner.plane, lambda: corner.status(name).get("availableNodes") == 1)
                await until(corner.plane, lambda: "unavailableNodes" not in corner.status(name))
                await asyncio.sleep(1.5)
                before, writes = corner.found(name), omes.writes[name]
                await asyncio.sleep(2)
                assert corner.found(name) == before
                assert omes.writes[name] == writes

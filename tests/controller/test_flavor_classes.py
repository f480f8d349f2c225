"""What becomes of the class of a flavor that changes or goes while no node has its labels, on a real API server."""

import asyncio
from collections.abc import Iterator

import pytest

from cluster.api import Api
from placement.keys import SCALABLE_FROM_ZERO
from sandbox import ControlPlane
from tests.controller.conftest import MANIFESTS
from tests.controller.test_controller import at_work, until
from tests.controller.test_flavors import GPU, PRODUCT, SETTINGS, node, until_sync
from tests.kueue.cluster import CLASSES, MERGE, Kueue

POOL = "nvidia.com/pool"
TEAM = {"key": "team", "operator": "Exists", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """An API server that knows classes and Kueue's objects."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        Kueue(started).install()
        started.kubectl("create", "namespace", "berth-system")
        yield started


@pytest.fixture
def kueue(control_plane: ControlPlane) -> Kueue:
    """Kueue's API."""
    return Kueue(control_plane)


async def test_a_flavor_of_other_hardware_has_nothing_of_the_former(api: Api, kueue: Kueue) -> None:
    """What nodes showed outlives them, and not the labels by which they were the flavor's."""
    present = node("l4")
    present["metadata"]["labels"][POOL] = "a"
    kueue.plane.add_nodes([present])
    kueue.flavor("pool", {POOL: "a"}, tolerations=[TEAM])
    async with at_work(api, SETTINGS):
        await until_sync(kueue, "pool", "True", "InSync")
        kueue.plane.kubectl("delete", "node", "l4")
        kueue.edit_flavor("pool", tolerations=[])
        await until(kueue.plane, lambda: keys(kueue) == [GPU])
        kept = kueue.found_class("pool")["spec"]
        kueue.edit_flavor("pool", nodeLabels={POOL: None, PRODUCT: "NVIDIA-H200"})
        await until(kueue.plane, lambda: selector(kueue) == {PRODUCT: "NVIDIA-H200"})
        other = kueue.found_class("pool")["spec"]
        kueue.edit_flavor("pool", nodeLabels={POOL: "b", PRODUCT: None}, tolerations=[TEAM])
        await until(kueue.plane, lambda: keys(kueue) == ["team"])
        unknown = kueue.found_class("pool")["spec"]
        kueue.edit_flavor("pool", tolerations=[])
        await until(kueue.plane, lambda: not keys(kueue))

    assert (kept["family"], kept["capabilities"]["memoryGB"]) == ("ada-lovelace", "24Gi")
    assert (other["family"], other["model"], other["capabilities"]["memoryGB"]) == ("hopper", "h200", "141Gi")
    assert unknown["capabilities"] == {}
    assert not unknown.keys() & {"vendor", "family", "model", "resources"}


@pytest.mark.parametrize("marks", [{"labels": {"team": "ml"}}, {"annotations": {SCALABLE_FROM_ZERO: "true"}}])
async def test_a_class_that_somebody_marked_outlives_its_flavor(
    api: Api, kueue: Kueue, marks: dict[str, dict[str, str]]
) -> None:
    """A mark is an edit like any other."""
    name = "-".join(("marked", *marks))
    for each in (name, f"{name}-not"):
        kueue.flavor(each, {PRODUCT: "NVIDIA-L4", "of": each})
    async with at_work(api, SETTINGS):
        for each in (name, f"{name}-not"):
            await until_sync(kueue, each, "True", "InSync")
        kueue.plane.api.send("PATCH", f"{CLASSES}/{name}", {"metadata": marks}, MERGE)
        for each in (name, f"{name}-not"):
            kueue.delete_flavor(each)
        await until(kueue.plane, lambda: not kueue.found_class(f"{name}-not"))
        await until_sync(kueue, name, "False", "FlavorMissing")
        await asyncio.sleep(1)
        assert kueue.found_class(name)


def keys(kueue: Kueue) -> list[str]:
    """Return the keys that the class tolerates."""
    return [each["key"] for each in kueue.found_class("pool")["spec"].get("tolerations", ())]


def selector(kueue: Kueue) -> dict[str, str]:
    """Return by which labels the class selects its nodes."""
    found: dict[str, str] = kueue.found_class("pool")["spec"]["discovery"]["nodeSelector"]
    return found

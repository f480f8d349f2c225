"""Kueue's flavors and classes in step, on a real API server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.kinds import Kind
from cluster.kueue_manifests import BERTH, MANAGED_BY
from cluster.observers import SILENT
from cluster.view import ClusterView
from controller.app import WATCHED
from controller.observers import Observers
from controller.parts import Context
from controller.ports import Alone, Surroundings
from controller.queueing.flavors import Flavors
from controller.reconciling.definition import Definition
from controller.reconciling.events import Events
from controller.reconciling.objects import Objects
from controller.settings import ControllerSettings
from placement.keys import AUTO_DISCOVERED, OF_FLAVOR
from sandbox import ControlPlane
from tests.controller.conftest import MANIFESTS
from tests.controller.test_controller import at_work, until
from tests.kueue.cluster import Kueue

PRODUCT = "nvidia.com/gpu.product"
GPU = "nvidia.com/gpu"
SETTINGS = ControllerSettings(
    webhook_configuration="absent", interval_seconds=0.3, discovery=False, leader_election=False
)
NUMBERS = count()

Json = dict[str, Any]


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """An API server that knows classes and Kueue's objects, and has two L4 nodes."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        Kueue(started).install()
        started.kubectl("create", "namespace", "berth-system")
        started.add_nodes([node(f"l4-{number}") for number in range(2)])
        yield started


@pytest.fixture
def kueue(control_plane: ControlPlane) -> Kueue:
    """Kueue's API."""
    return Kueue(control_plane)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"f{next(NUMBERS)}"


def node(named: str) -> Json:
    """Return a node with four L4."""
    amounts = {"cpu": "8", "pods": "110", GPU: "4"}
    labels = {PRODUCT: "NVIDIA-L4", "nvidia.com/gpu.memory": "23034", "nvidia.com/gpu.count": "4"}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": named, "labels": labels}, "status": status}


def labels_of(flavor: Json) -> Json:
    """Return the labels of a flavor's nodes."""
    found: Json = flavor.get("spec", {}).get("nodeLabels", {})
    return found


async def until_sync(kueue: Kueue, name: str, status: str, reason: str) -> None:
    """Return once a class is in step, or is not for a reason."""
    await until(kueue.plane, lambda: kueue.sync(name) == (status, reason))


async def test_a_flavor_of_accelerators_becomes_a_class_that_knows_its_hardware(
    api: Api, kueue: Kueue, name: str
) -> None:
    """Nobody writes it by hand; what is no flavor of accelerators stays out."""
    taint = {"key": "spot", "value": "true", "effect": "NoSchedule"}
    kueue.flavor(name, {PRODUCT: "NVIDIA-L4"}, nodeTaints=[taint])
    kueue.flavor(f"gpu-{name}", {"zone": "a"})

    async with at_work(api, SETTINGS):
        await until_sync(kueue, name, "True", "InSync")
    made = kueue.found_class(name)

    assert made["metadata"]["labels"] == {AUTO_DISCOVERED: "true"}
    assert made["metadata"]["annotations"][OF_FLAVOR] == name
    assert made["spec"]["discovery"]["nodeSelector"] == {PRODUCT: "NVIDIA-L4"}
    assert (made["spec"]["vendor"], made["spec"]["capabilities"]["memoryGB"]) == ("nvidia", "24Gi")
    assert made["spec"]["resources"] == [{"name": GPU, "quantity": "1"}]
    assert [each["key"] for each in made["spec"]["tolerations"]] == [GPU, "spot"]
    assert made["spec"]["integration"] == {"kueueResourceFlavor": name}
    assert not kueue.found_class(f"gpu-{name}")


async def test_a_class_that_names_a_flavor_becomes_one_and_the_admins_part_stays(
    api: Api, kueue: Kueue, name: str
) -> None:
    """It follows the class until somebody edits the labels, which then stay."""
    kueue.accelerator_class(name, {PRODUCT: "NVIDIA-A"}, flavor=name)
    async with at_work(api, SETTINGS):
        await until_sync(kueue, name, "True", "InSync")
        kueue.edit_flavor(name, tolerations=[{"key": "spot", "operator": "Exists"}])
        kueue.edit_class(name, discovery={"nodeSelector": {PRODUCT: "NVIDIA-B"}})
        await until(kueue.plane, lambda: labels_of(kueue.found_flavor(name)) == {PRODUCT: "NVIDIA-B"})
        followed = kueue.found_flavor(name)
        kueue.edit_flavor(name, nodeLabels={PRODUCT: "NVIDIA-C"})
        await until_sync(kueue, name, "False", "Drifted")
        kueue.edit_class(name, discovery={"nodeSelector": {PRODUCT: "NVIDIA-D"}})
        await asyncio.sleep(1.5)
    edited = kueue.found_flavor(name)

    assert followed["metadata"]["labels"] == {MANAGED_BY: BERTH}
    assert followed["spec"]["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    assert labels_of(edited) == {PRODUCT: "NVIDIA-C"}
    assert not kueue.found_class(name)["metadata"].get("labels")


async def test_what_is_somebody_elses_is_left_alone_and_told(api: Api, kueue: Kueue, name: str) -> None:
    """Foreign flavors, alternatives, a flavor that two classes name: each has its reason."""
    same, other, many, twice = (f"{name}-{each}" for each in ("same", "other", "many", "twice"))
    kueue.flavor(same, {PRODUCT: "X"})
    kueue.flavor(other, {PRODUCT: "X", "zone": "z"})
    kueue.accelerator_class(same, {PRODUCT: "X"}, flavor=same)
    kueue.accelerator_class(other, {PRODUCT: "X"}, flavor=other)
    terms = [{"matchExpressions": [{"key": PRODUCT, "operator": "In", "values": ["X", "Y"]}]}]
    kueue.accelerator_class(many, {"team": "a"}, flavor=many, discovery={"nodeSelectorTerms": terms})
    kueue.accelerator_class(twice, {PRODUCT: "X"}, flavor=f"{twice}-f")
    kueue.accelerator_class(f"{twice}-z", {PRODUCT: "Y"}, flavor=f"{twice}-f")
    before = kueue.found_flavor(other)

    async with at_work(api, SETTINGS):
        await until_sync(kueue, same, "True", "InSync")
        await until_sync(kueue, other, "False", "ForeignFlavor")
        await until_sync(kueue, many, "False", "NotExpressible")
        await until_sync(kueue, twice, "True", "InSync")
        await until_sync(kueue, f"{twice}-z", "False", "ClaimedTwice")

    assert kueue.found_flavor(other) == before
    assert not kueue.found_flavor(many)


async def test_what_a_person_edits_of_a_class_stays_and_the_rest_follows_its_flavor(
    api: Api, kueue: Kueue, name: str
) -> None:
    """A price and a removed toleration are not taken back."""
    toleration = {"key": "spot", "operator": "Exists"}
    kueue.flavor(name, {PRODUCT: "NVIDIA-L4"}, tolerations=[toleration])
    async with at_work(api, SETTINGS):
        await until_sync(kueue, name, "True", "InSync")
        kueue.edit_class(name, cost={"perHour": "0.8"}, tolerations=None, family="mine")
        kueue.edit_flavor(name, nodeLabels={PRODUCT: "NVIDIA-L4", "zone": "z"}, tolerations=[])
        await until(kueue.plane, lambda: "zone" in kueue.found_class(name)["spec"]["discovery"]["nodeSelector"])
        await until_sync(kueue, name, "True", "InSync")
        kueue.edit_class(name, discovery={"nodeSelector": {PRODUCT: "mine"}})
        await until_sync(kueue, name, "False", "Drifted")
    spec = kueue.found_class(name)["spec"]

    assert (spec["family"], spec["cost"], spec.get("tolerations")) == ("mine", {"perHour": "0.8"}, None)
    assert spec["discovery"]["nodeSelector"][PRODUCT] == "mine"


async def test_a_class_goes_with_its_flavor_unless_it_is_used_or_edited(api: Api, kueue: Kueue, name: str) -> None:
    """And then it says why it is still there."""
    names = [f"{name}-{each}" for each in ("idle", "edited", "pod", "profile")]
    for each in names:
        kueue.flavor(each, {PRODUCT: "NVIDIA-L4", "of": each})
    idle, edited, held, preferred = names
    metadata = {"name": name, "labels": {"berth.ome.io/accelerator-class": held}}
    container = {"name": "c", "image": "i"}
    kueue.plane.api.send(
        "POST", "/api/v1/namespaces/default/pods", {"metadata": metadata, "spec": {"containers": [container]}}
    )
    requirements = {"acceleratorRequirements": {"preferredClasses": [preferred]}}
    kueue.plane.api.send(
        "POST",
        "/apis/berth.ome.io/v1alpha1/acceleratorprofiles",
        {
            "apiVersion": "berth.ome.io/v1alpha1",
            "kind": "AcceleratorProfile",
            "metadata": {"name": name},
            "spec": {"podSelector": {}, **requirements},
        },
    )
    async with at_work(api, SETTINGS):
        for each in names:
            await until_sync(kueue, each, "True", "InSync")
        kueue.edit_class(edited, cost={"perHour": "1"})
        for each in names:
            kueue.delete_flavor(each)
        await until(kueue.plane, lambda: not kueue.found_class(idle))
        for each in (edited, held, preferred):
            await until_sync(kueue, each, "False", "FlavorMissing")


async def test_a_thousand_looks_write_once(api: Api, kueue: Kueue, name: str) -> None:
    """Neither direction answers what the other one wrote."""
    to_class, to_flavor = f"{name}-class", f"{name}-flavor"
    kueue.flavor(to_class, {PRODUCT: "NVIDIA-L4", "n": name})
    kueue.accelerator_class(f"{name}-of", {PRODUCT: "NVIDIA-T4", "n": name}, flavor=to_flavor)
    gate = Counting()
    surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), Observers(CollectorRegistry()), SILENT)
    classes, flavors = Objects(), Objects()
    view = ClusterView(api, WATCHED, beside={Kind.CLASSES: classes, Kind.FLAVORS: flavors})
    gated, events = api.behind(gate), Events(api, surroundings.clock)
    context = Context(gated, view, classes, Objects(), SETTINGS, surroundings, events, Definition(api), flavors=flavors)
    kept = Flavors(context)

    def relink(each: str) -> None:
        kept.relink(each)

    classes.listen(relink)
    watching = asyncio.create_task(view.run())
    await view.until_synced()
    await context.definition.settle("")
    await asyncio.sleep(0.1)
    first = [await kept.settle(each) for each in (to_class, to_flavor)]
    for _ in range(500):
        assert not [each for named in (to_class, to_flavor) for each in await kept.settle(named)]
        await asyncio.sleep(0.001)
    watching.cancel()

    assert first == [[f"AcceleratorClass {to_class} created"], [f"ResourceFlavor {to_flavor} created"]]
    assert gate.passed == {"PATCH": 2}
    assert kueue.found_class(to_class)["metadata"]["generation"] == 1
    assert not kueue.found_class(to_flavor)


class Counting:
    """A gate that lets everybody pass, and counts."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()

    @asynccontextmanager
    async def passage(self, method: str) -> AsyncIterator[float]:
        """Count a write."""
        self.passed[method] += 1
        yield 60.0


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
async def test_either_version_alone_will_do(control_plane: ControlPlane, api: Api, name: str, version: str) -> None:
    """Kueue drops v1beta1 some day, and older ones have no v1beta2."""
    kueue = Kueue(control_plane, version)
    kueue.install(version)
    kueue.flavor(name, {PRODUCT: "NVIDIA-L4", "v": version})
    kueue.accelerator_class(f"{name}-of", {PRODUCT: "NVIDIA-T4", "v": version}, flavor=f"{name}-f")

    async with at_work(api, SETTINGS):
        await until_sync(kueue, name, "True", "InSync")
        await until_sync(kueue, f"{name}-of", "True", "InSync")
    kueue.install()

    assert labels_of(kueue.found_flavor(f"{name}-f")) == {PRODUCT: "NVIDIA-T4", "v": version}


async def test_kueue_may_come_and_go(api: Api, kueue: Kueue, name: str) -> None:
    """A class says that its flavor cannot be, and has one again when it can; the last of these tests."""
    kueue.accelerator_class(name, {PRODUCT: "NVIDIA-T4", "n": name}, flavor=name)
    async with at_work(api, SETTINGS) as controller:
        await until_sync(kueue, name, "True", "InSync")
        kueue.uninstall()
        await until_sync(kueue, name, "False", "KueueMissing")
        kueue.install()
        await until_sync(kueue, name, "True", "InSync")
        states = samples(controller.metrics)

    assert kueue.found_flavor(name)
    assert states["berth_kueue_flavors"] >= 1
    assert states["berth_kueue_classes in_sync"] >= 1


def samples(metrics: Callable[[], Any]) -> dict[str, float]:
    """Return what is measured of Kueue."""
    return {
        " ".join((each.name, *each.labels.values())): each.value
        for family in metrics()
        for each in family.samples
        if each.name.startswith("berth_kueue_")
    }

"""Classes of the hardware that nodes show, on a real API server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cluster.api import Api
from sandbox import ControlPlane
from tests.controller.conftest import MANIFESTS
from tests.controller.discoverers import discovering, unwatching
from tests.controller.hardware_cluster import HardwareCluster, is_omes, labels_of
from tests.controller.test_controller import until

SECOND_IN_HOURS = 1 / 3600
CARD = "nvidia-fancy-card"
OMES = Path(__file__).parents[1] / "ome/accelerator-classes.yaml"


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """An API server with Berth's definitions, of whose nodes and classes no other test knows."""
    with ControlPlane(kwok=False) as started:
        started.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        started.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
        started.kubectl("create", "namespace", "berth-system")
        # kubectl waits until there is a storage behind the definition.
        started.kubectl("get", "acceleratorclasses")
        yield started


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[HardwareCluster]:
    """A cluster without nodes and classes."""
    cluster = HardwareCluster(control_plane)
    yield cluster
    cluster.clear()


async def test_a_class_comes_with_its_hardware_and_stays_a_while_after_it(cluster: HardwareCluster, api: Api) -> None:
    """It is deleted when its time is over, and is there again when such a node returns."""
    cluster.add("n1", labels_of("NVIDIA-L4"))
    cluster.add("n2", labels_of("NVIDIA-L4"))
    async with discovering(api, hours=2 * SECOND_IN_HOURS):
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("True", "HardwarePresent"))
        await until(cluster.plane, lambda: cluster.condition("nvidia-l4")["message"].startswith("2 nodes have"))
        assert cluster.spec("nvidia-l4")["discovery"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}

        cluster.remove("n1")
        cluster.remove("n2")
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("False", "HardwareGone"))
        cluster.add("n3", labels_of("NVIDIA-L4"))
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("True", "HardwarePresent"))
        cluster.remove("n3")
        await until(cluster.plane, lambda: cluster.names == set())


async def test_what_a_person_edits_is_theirs_for_good(cluster: HardwareCluster, api: Api) -> None:
    """Words, numbers, lists, whole parts, what is removed and what is added; the rest still follows the hardware."""
    cluster.add("n1", labels_of("Fancy-Card"))
    async with discovering(api):
        await until(cluster.plane, lambda: CARD in cluster.names)
        cluster.edit(
            CARD,
            {
                "spec": {
                    "vendor": "ours",
                    "discovery": {"nodeSelector": {"zone": "a"}},
                    "capabilities": {"memoryGB": "20Gi", "features": ["fast"]},
                    "resources": [{"name": "example.com/gpu"}],
                    "tolerations": None,
                    "cost": {"perHour": "1.5"},
                }
            },
        )
        edited = cluster.spec(CARD)
        cluster.relabel("n1", labels_of("Fancy-Card", memory="49152", major="9", minor="0"))
        await until(cluster.plane, lambda: cluster.spec(CARD)["capabilities"]["computeCapability"] == "9.0")
        edited["capabilities"]["computeCapability"] = "9.0"
        assert cluster.spec(CARD) == edited

        cluster.edit(CARD, {"spec": {"capabilities": {"computeCapability": None}}})
        cluster.relabel("n1", labels_of("Fancy-Card", memory="49152", major="9", minor="1"))
        await asyncio.sleep(1.5)
        assert "computeCapability" not in cluster.spec(CARD)["capabilities"]


async def test_a_class_of_somebody_else_is_left_alone(cluster: HardwareCluster, api: Api) -> None:
    """One of the same name, and one that was taken over by its label; the condition says so."""
    written = {"vendor": "mine", "discovery": {"nodeSelector": {"a": "b"}}, "capabilities": {}}
    cluster.write("nvidia-l4", written)
    cluster.add("n1", labels_of("NVIDIA-L4"))
    cluster.add("n2", labels_of("Fancy-Card"))
    async with discovering(api, hours=SECOND_IN_HOURS):
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("True", "KeptByOthers"))
        await until(cluster.plane, lambda: cluster.discovered(CARD) == ("True", "HardwarePresent"))
        cluster.edit(CARD, {"metadata": {"labels": {"ome.io/auto-discovered": "false"}}})
        await until(cluster.plane, lambda: cluster.discovered(CARD) == ("True", "KeptByOthers"))
        before = cluster.spec(CARD)
        cluster.relabel("n2", labels_of("Fancy-Card", memory="49152"))
        cluster.add("n3", labels_of("Fancy-Card", memory="49152"))
        await until(cluster.plane, lambda: cluster.condition(CARD)["message"].startswith("2 nodes have"))
        for node in ("n1", "n2", "n3"):
            cluster.remove(node)
        await until(cluster.plane, lambda: not cluster.condition(CARD) and not cluster.condition("nvidia-l4"))
        await asyncio.sleep(1.5)

    assert cluster.spec(CARD) == before
    assert cluster.spec("nvidia-l4") == written


async def test_hardware_that_a_person_described_gets_no_second_class(cluster: HardwareCluster, api: Api) -> None:
    """The same nodes in other words count; without that class there is one again."""
    among = [{"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-L4"]}]
    spec = {"discovery": {"nodeSelectorTerms": [{"matchExpressions": among}]}, "capabilities": {}}
    cluster.write("small", spec)
    cluster.add("n1", labels_of("NVIDIA-L4"))
    cluster.add("n2", labels_of("Fancy-Card"))
    async with discovering(api, hours=SECOND_IN_HOURS):
        await until(cluster.plane, lambda: cluster.names == {"small", CARD})
        cluster.delete("small")
        await until(cluster.plane, lambda: cluster.names == {"nvidia-l4", CARD})
        cluster.write("small", spec)
        await until(cluster.plane, lambda: cluster.names == {"small", CARD})


async def test_a_product_in_another_spelling_is_the_same_class(cluster: HardwareCluster, api: Api) -> None:
    """A driver that is renewed node by node writes another name; both are selected for as long as both are there."""
    old, new = "A100-SXM4-80GB", "NVIDIA-A100-SXM4-80GB"
    cluster.add("n1", labels_of(old, "81920", "8", "0"))
    async with discovering(api):
        await until(cluster.plane, lambda: len(cluster.names) == 1)
        (name,) = cluster.names

        def selection() -> str:
            return json.dumps(cluster.spec(name)["discovery"])

        cluster.add("n2", labels_of(new, "81920", "8", "0"))
        await until(cluster.plane, lambda: f'"{new}"' in selection())
        assert f'"{old}"' in selection()
        cluster.relabel("n1", labels_of(new, "81920", "8", "0"))
        await until(cluster.plane, lambda: f'"{old}"' not in selection())
        assert cluster.names == {name}


async def test_a_class_in_use_outlives_its_hardware(cluster: HardwareCluster, api: Api) -> None:
    """For as long as a pod has it or a profile names it; one that a person edited stays for good."""
    for number, product in enumerate(("NVIDIA-L4", "Tesla-T4", "Fancy-Card")):
        cluster.add(f"n{number}", labels_of(product))
    pod = {"metadata": {"name": "user", "labels": {"berth.ome.io/accelerator-class": "nvidia-l4"}}}
    pods = "/api/v1/namespaces/default/pods"
    cluster.plane.api.send("POST", pods, {**pod, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    kind = {"apiVersion": "berth.ome.io/v1alpha1", "kind": "AcceleratorProfile", "metadata": {"name": "naming"}}
    named = {"podSelector": {}, "acceleratorRequirements": {"preferredClasses": ["nvidia-t4"]}}
    cluster.plane.apply(json.dumps({**kind, "spec": named}))
    async with discovering(api, hours=SECOND_IN_HOURS):
        await until(cluster.plane, lambda: cluster.names == {"nvidia-l4", "nvidia-t4", CARD})
        cluster.edit(CARD, {"spec": {"cost": {"perHour": "1"}}})
        for number in range(3):
            cluster.remove(f"n{number}")
        await until(cluster.plane, lambda: "names it" in cluster.prospect("nvidia-l4"))
        await until(cluster.plane, lambda: "names it" in cluster.prospect("nvidia-t4"))
        await until(cluster.plane, lambda: "somebody changed it" in cluster.prospect(CARD))

        cluster.plane.api.send("DELETE", f"{pods}/user", {"gracePeriodSeconds": 0})
        cluster.plane.kubectl("delete", "acceleratorprofile", "naming")
        await until(cluster.plane, lambda: cluster.names == {CARD})
        await asyncio.sleep(2)
        assert cluster.names == {CARD}


async def test_what_is_deleted_by_hand_comes_back_unless_it_is_excluded(cluster: HardwareCluster, api: Api) -> None:
    """The setting names hardware by patterns; without a retention nothing is ever deleted."""
    cluster.add("n1", labels_of("NVIDIA-L4"))
    cluster.add("n2", labels_of("Fancy-Card"))
    async with discovering(api, hours=0):
        await until(cluster.plane, lambda: cluster.names == {"nvidia-l4", CARD})
        cluster.delete("nvidia-l4")
        await until(cluster.plane, lambda: cluster.names == {"nvidia-l4", CARD})
    async with discovering(api, hours=0, excluded="amd-*, nvidia-l?"):
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("False", "Excluded"))
        cluster.delete("nvidia-l4")
        await asyncio.sleep(1.5)
        assert cluster.names == {CARD}


async def test_a_thousand_looks_write_once(cluster: HardwareCluster, api: Api) -> None:
    """Looks that find what stands ask the API server nothing."""
    cluster.add("n1", labels_of("NVIDIA-L4"))
    discovered = await unwatching(api)

    told = [each for _ in range(1000) for each in await discovered.settle("nvidia-l4")]

    assert told == ["AcceleratorClass nvidia-l4 created"]
    assert cluster.names == {"nvidia-l4"}


async def test_a_class_that_was_not_seen_yet_is_left_alone(cluster: HardwareCluster, api: Api) -> None:
    """One that a person writes at the very moment in which discovery makes one of its name."""
    written = {"vendor": "mine", "discovery": {"nodeSelector": {"a": "b"}}, "capabilities": {}}
    cluster.add("n1", labels_of("NVIDIA-L4"))
    discovered = await unwatching(api)
    cluster.write("nvidia-l4", written)
    before = cluster.found("nvidia-l4")

    assert await discovered.settle("nvidia-l4") == []
    assert cluster.found("nvidia-l4") == before


async def test_what_stands_is_not_written_again(cluster: HardwareCluster, api: Api) -> None:
    """Not after a restart, and not by labels that change every moment."""
    cluster.add("n1", labels_of("NVIDIA-L4"))
    cluster.add("n2", labels_of("Fancy-Card"))
    registry = CollectorRegistry()

    def looks() -> float:
        labels = {"duty": "discovery", "outcome": "succeeded"}
        return registry.get_sample_value("berth_controller_passes_total", labels) or 0

    async with discovering(api):
        await until(cluster.plane, lambda: cluster.discovered(CARD) == ("True", "HardwarePresent"))
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("True", "HardwarePresent"))
        await asyncio.sleep(1.5)
    before = {name: cluster.found(name) for name in cluster.names}
    async with discovering(api, registry=registry):
        for number in range(20):
            cluster.relabel("n1", {"example.com/heartbeat": str(number)})
            await asyncio.sleep(0.1)
        await until(cluster.plane, lambda: looks() > 20)

    assert {name: cluster.found(name) for name in cluster.names} == before
    assert registry.get_sample_value("berth_controller_changes_total", {"duty": "discovery"}) in (None, 0)


async def test_a_node_that_cannot_be_understood_is_told_of_once(cluster: HardwareCluster, api: Api) -> None:
    """In an event, and counted for as long as it is so; the others get their classes."""
    registry = CollectorRegistry()
    cluster.add("odd", {**labels_of("NVIDIA-L4"), "nvidia.com/gpu.memory": "81559"})
    cluster.add("n1", labels_of("Fancy-Card"))
    async with discovering(api, registry=registry) as controller:

        def measured(name: str) -> float:
            return next(each.samples[0].value for each in controller.metrics() if each.name == name)

        await until(cluster.plane, lambda: len(cluster.events("odd")) == 1)
        assert "81559 MiB" in cluster.events("odd")[0]
        assert measured("berth_discovery_problems") == 1
        await until(cluster.plane, lambda: CARD in cluster.names)
        cluster.relabel("odd", {"nvidia.com/gpu.memory": "23034"})
        await until(cluster.plane, lambda: measured("berth_discovery_problems") == 0)
        assert measured("berth_classes_discovered") == 2
        assert len(cluster.events("odd")) == 1


async def test_a_definition_may_go_and_come(cluster: HardwareCluster, api: Api) -> None:
    """The classes go with it, nothing fails, and they are made anew when it is back."""
    cluster.add("n1", labels_of("NVIDIA-L4"))
    async with discovering(api) as controller:
        await until(cluster.plane, lambda: cluster.discovered("nvidia-l4") == ("True", "HardwarePresent"))
        cluster.plane.kubectl("delete", "customresourcedefinition", "acceleratorclasses.ome.io")
        await asyncio.sleep(1)
        assert not [each for each in controller.readiness() if "discovery" in each]
        cluster.plane.kubectl("apply", "--server-side", "--kustomize", str(MANIFESTS / "crds"))
        await until(cluster.plane, lambda: bool(cluster.found("nvidia-l4")))


async def test_on_omes_definition_all_that_it_keeps_is_written_once(cluster: HardwareCluster, api: Api) -> None:
    """What it drops is nobody's edit: it comes with Berth's definition, and the class goes with its hardware."""
    cluster.plane.apply(OMES)
    cluster.plane.wait(lambda: is_omes(cluster.plane), 20, "OME's definition is there")
    cluster.add("n1", labels_of("NVIDIA-A100-SXM4-80GB", "81920", "8", "0"))
    cluster.add("n2", labels_of("A100-SXM4-80GB", "81920", "8", "0"))
    name = "nvidia-a100-sxm4-80gb"
    async with discovering(api, hours=SECOND_IN_HOURS):
        await until(cluster.plane, lambda: cluster.discovered(name) == ("True", "HardwarePresent"))
        await asyncio.sleep(1)
        before = cluster.found(name)
        await asyncio.sleep(1)
        assert cluster.found(name) == before
        assert "tolerations" not in before["spec"]
        assert before["spec"]["capabilities"]["performance"]["fp16Tflops"] == 312
        assert "A100-SXM4-80GB" in json.dumps(before["spec"]["discovery"]["affinity"])

        cluster.plane.kubectl("apply", "--server-side", "--force-conflicts", "--kustomize", str(MANIFESTS / "crds"))
        await until(cluster.plane, lambda: "tolerations" in cluster.spec(name))
        await until(cluster.plane, lambda: "affinity" not in cluster.spec(name)["discovery"])
        cluster.remove("n1")
        cluster.remove("n2")
        await until(cluster.plane, lambda: cluster.names == set())

"""Pods that ask for shares of a device: what their containers are shown, and what their authors are told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from placement.accelerators import Catalog
from placement.asking.configurations import Configuration
from placement.asking.profiles import Profile
from placement.inventory import Inventory
from placement.keys import DEVICES, REQUESTED_CLASS
from placement.shares import SHARES
from tests.builders import H100, L4, MI300X, NVIDIA, node
from tests.webhook.asking import Answer, Json, a_pod, answered, desk_of
from tests.webhook.knowledge import Values

FIELD = {"fieldRef": {"fieldPath": f"metadata.annotations['{DEVICES}']"}}
NVIDIA_L4, NVIDIA_H100 = replace(L4, vendor="nvidia"), replace(H100, vendor="NVIDIA")
AMD_MI300X = replace(MI300X, vendor="amd")


def _shared(accelerator_class: Any, devices: int = 8) -> Any:
    """Return a node of a class that offers its devices in shares and none as a whole."""
    whole = node(f"shared-{accelerator_class.name}", accelerator_class)
    allocatable = {"cpu": 64_000, "memory": 512 * 2**30, "pods": 110, SHARES: 1000 * devices}
    return replace(whole, allocatable=allocatable, taints=())


def _cluster(*classes: Any, **more: Any) -> Values:
    """Return a cluster in which one node of each class offers shares."""
    nodes = {each.name: each for each in map(_shared, classes)}
    catalog = Catalog({each.name: each for each in classes})
    return Values(catalog=catalog, inventory=Inventory(nodes), **more)


def _sharing(milli: int = 300, name: str = "l4", **engine: Any) -> Json:
    """Return a pod whose engine asks for so much; without a class where the name is empty."""
    pod = a_pod(engine={"resources": {"limits": {SHARES: str(milli)}}, **engine})
    pod["metadata"]["annotations"] = {REQUESTED_CLASS: name} if name else {}
    return pod


async def _found(pod: Json, cluster: Values | None = None) -> Answer:
    return await answered(desk_of(cluster or _cluster(NVIDIA_L4)), pod)


def _env(answer: Answer) -> list[Mapping[str, Any]]:
    return list(answer.engine.get("env", []))


@pytest.mark.parametrize(
    ("accelerator_class", "variable"),
    [
        (NVIDIA_L4, "NVIDIA_VISIBLE_DEVICES"),
        (replace(NVIDIA_L4, vendor="NVIDIA"), "NVIDIA_VISIBLE_DEVICES"),
        (replace(AMD_MI300X, name="l4"), "AMD_VISIBLE_DEVICES"),
        (L4, "BERTH_DEVICES"),
    ],
    ids=["nvidia", "NVIDIA", "amd", "unknown"],
)
async def test_a_container_is_shown_its_devices_by_what_its_vendors_runtime_reads(
    accelerator_class: Any, variable: str
) -> None:
    """Out of the annotation that its Binding brings; no whole device is added beside its share."""
    found = await _found(_sharing(), _cluster(accelerator_class))

    assert _env(found) == [{"name": variable, "valueFrom": FIELD}]
    assert found.engine["resources"]["limits"][SHARES] == "300"
    assert NVIDIA not in found.engine["resources"]["limits"]
    assert found.chosen == "l4"
    assert found.spec["schedulerName"] == "berth-scheduler"


async def test_the_variable_stands_before_its_first_use() -> None:
    """`$(NAME)` sees what stands above it."""
    env = [{"name": "A", "value": "a"}, {"name": "USES", "value": "on $(NVIDIA_VISIBLE_DEVICES)"}]
    found = await _found(_sharing(env=env))

    assert [each["name"] for each in _env(found)] == ["A", "NVIDIA_VISIBLE_DEVICES", "USES"]


async def test_a_variable_of_the_author_stays_and_he_is_told() -> None:
    """What it would show is his to answer for."""
    own = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}
    found = await _found(_sharing(env=[own]))

    assert _env(found) == [own]
    (warning,) = found.warnings
    assert warning.startswith("container engine sets NVIDIA_VISIBLE_DEVICES itself, and may see devices that it has no")


async def test_twice_is_once() -> None:
    """The API server may ask again about a pod that is mutated already."""
    once = await _found(_sharing())
    again = await _found(once.pod)

    assert again.pod == once.pod
    assert once.warnings == again.warnings == []


async def test_every_container_with_a_share_is_shown_it_and_no_other() -> None:
    """Also beside the engine."""
    shared, other = {"name": "sidecar", "resources": {"requests": {SHARES: "100"}, "limits": {SHARES: "100"}}}, "other"
    pod = _sharing()
    pod["spec"]["containers"] += [shared, {"name": other}, {"name": "zero", "resources": {"limits": {SHARES: "0"}}}]

    shown = {each["name"]: each.get("env") for each in (await _found(pod)).spec["containers"]}

    variable = [{"name": "NVIDIA_VISIBLE_DEVICES", "valueFrom": FIELD}]
    assert shown == {"engine": variable, "sidecar": variable, "other": None, "zero": None}


async def test_a_share_may_come_from_the_configuration_of_a_class() -> None:
    """The author of the pod need not know."""
    configuration = Configuration("l4", requests={SHARES: "500"}, limits={SHARES: "500"})
    profile = Profile("half", configurations=(configuration,))
    pod = a_pod()
    pod["metadata"]["annotations"] = {REQUESTED_CLASS: "l4"}

    found = await _found(pod, _cluster(NVIDIA_L4, profiles=(profile,)))

    assert found.engine["resources"] == {"limits": {SHARES: "500"}, "requests": {SHARES: "500"}}
    assert _env(found) == [{"name": "NVIDIA_VISIBLE_DEVICES", "valueFrom": FIELD}]


async def test_a_class_whose_nodes_offer_no_shares_will_not_do() -> None:
    """A node offers its devices as a whole or in shares."""
    whole = node("whole", H100)
    cluster = _cluster(NVIDIA_L4)
    cluster.catalog = Catalog({"l4": NVIDIA_L4, "h100": NVIDIA_H100})
    cluster.inventory = Inventory({**cluster.inventory.nodes, "whole": whole})
    cluster.profiles = (Profile("any"),)

    found = await _found(_sharing(name=""), cluster)
    named = await _found(_sharing(name="h100"), cluster)

    assert found.chosen == "l4"
    assert named.chosen == ""
    assert f"h100: does not offer {SHARES}, which the pod asks for" in named.warnings


@pytest.mark.parametrize("milli", [1500, 1001])
async def test_an_amount_that_no_node_can_give_is_told_when_the_pod_is_created(milli: int) -> None:
    """With a class and without one; the pod is admitted."""
    for name in ("l4", ""):
        found = await _found(_sharing(milli, name))
        (warning,) = found.warnings
        assert warning.startswith(f"this pod asks for {milli} {SHARES} and will wait for ever: less than 1000 is a")


@pytest.mark.parametrize(
    ("classes", "variable"),
    [
        ((NVIDIA_L4, NVIDIA_H100), "NVIDIA_VISIBLE_DEVICES"),
        ((NVIDIA_L4, AMD_MI300X), "BERTH_DEVICES"),
    ],
    ids=["one-vendor", "two-vendors"],
)
async def test_a_pod_for_which_no_class_was_asked_is_shown_its_devices_too(
    classes: tuple[Any, ...], variable: str
) -> None:
    """It asks for what Berth alone can give, and Berth's scheduler gets it."""
    found = await _found(_sharing(name=""), _cluster(*classes))

    assert _env(found) == [{"name": variable, "valueFrom": FIELD}]
    assert found.spec["schedulerName"] == "berth-scheduler"
    assert found.chosen == ""


async def test_devices_that_a_pod_brings_along_are_stripped() -> None:
    """Only a Binding tells them."""
    pod = _sharing()
    pod["metadata"]["annotations"][DEVICES] = "0,1,2,3"

    assert DEVICES not in (await _found(pod)).pod["metadata"]["annotations"]

"""What a removal leaves to people, deletes, and takes its marks off, on a real API server."""

import json
from typing import Any

import pytest

from berth.uninstall.made import Made
from berth.uninstall.marks import Marks
from berth.uninstall.shares import Shares
from cluster.api import Api
from cluster.applied import NEW, Edition, apply
from cluster.kinds import CLASSES_PATH
from cluster.kueue_manifests import flavor_manifest
from controller.discovering.standing import MANAGER as DISCOVERY
from controller.queueing.flavors import MANAGER as QUEUEING
from placement.keys import AUTO_DISCOVERED, DEVICES, PLACEMENT, SHARED, TOUCHED
from placement.shares import SHARES
from sandbox import ControlPlane
from tests.berth.uninstalling import SCHEDULER, waiting, walked
from tests.kueue.cluster import MERGE, Kueue

LABELS = {"nvidia.com/gpu.product": "NVIDIA-L4"}

Json = dict[str, Any]


def managers(found: Json) -> set[str]:
    """Return who owns something of an object."""
    return {each["manager"] for each in found["metadata"].get("managedFields", ())}


async def discovered(api: Api, name: str) -> None:
    """Create a class as discovery does."""
    spec = {"discovery": {"nodeSelector": LABELS}, "capabilities": {"memoryGB": "24Gi"}}
    metadata = {"name": name, "labels": {AUTO_DISCOVERED: "true"}, **NEW}
    manifest = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass", "metadata": metadata}
    await apply(api, CLASSES_PATH, manifest, Edition(spec, spec), DISCOVERY)


async def test_classes_that_somebody_changed_or_names_stay_without_marks(plane: ControlPlane, api: Api) -> None:
    """One that was only discovered goes; nothing of those that stay says who made them."""
    for name in ("untouched", "changed", "named"):
        await discovered(api, name)
    cost = {"spec": {"cost": {"perHour": "0.81"}}}
    plane.api.send("PATCH", f"{CLASSES_PATH}/changed", cost, f"{MERGE}")
    profile = {"podSelector": {}, "preferredClasses": ["named"]}
    kind = {"apiVersion": "berth.ome.io/v1alpha1", "kind": "AcceleratorProfile", "metadata": {"name": "naming"}}
    plane.apply(json.dumps({**kind, "spec": profile}))

    said, left = await walked(Made(api).classes)

    assert left == []
    assert "delete AcceleratorClass untouched" in said
    standing = {each["metadata"]["name"]: each for each in plane.api.get(CLASSES_PATH)["items"]}
    assert standing.keys() == {"changed", "named"}
    for each in standing.values():
        assert each["spec"]["discovery"] == {"nodeSelector": LABELS}
        assert "berth" not in json.dumps(each)
        assert AUTO_DISCOVERED not in json.dumps(each)


async def test_flavors_in_use_stay_without_marks(plane: ControlPlane, api: Api) -> None:
    """A queue would stand still without its flavor; those of people are not looked at."""
    kueue = Kueue(plane)
    plane.kubectl("create", "namespace", "queues")
    for name in ("used", "unused"):
        manifest = flavor_manifest(name, LABELS, "nvidia-l4", kueue.flavors)
        metadata = {**manifest["metadata"], **NEW}
        edition = Edition(manifest["spec"], manifest["spec"])
        await apply(api, kueue.flavors, {**manifest, "metadata": metadata}, edition, QUEUEING)
    kueue.flavor("of-people", LABELS)
    kueue.queues("queues", "all", ["nvidia.com/gpu"], "used")
    of_people = kueue.found_flavor("of-people")

    said, left = await walked(Made(api).flavors)

    assert left == []
    assert "leave (a ClusterQueue has it), without Berth's marks, ResourceFlavor used" in said
    assert kueue.found_flavor("unused") == {}
    used = kueue.found_flavor("used")
    assert used["spec"] == {"nodeLabels": LABELS}
    assert "berth" not in json.dumps(used)
    assert kueue.found_flavor("of-people") == of_people


async def test_statuses_keep_what_others_said(plane: ControlPlane, api: Api) -> None:
    """Under OME's definition, whose list of conditions has one owner."""
    name = "of-ome"
    Kueue(plane).accelerator_class(name, LABELS)
    moment = "2026-11-26T12:00:00Z"
    common = {"status": "True", "reason": "Valid", "message": "fine", "lastTransitionTime": moment}
    conditions = [{"type": "Known", **common}, {"type": "Ready", **common}, {"type": "PodsPlaced", **common}]
    path = f"{CLASSES_PATH}/{name}/status?fieldManager=berth"
    plane.api.send("PATCH", path, {"status": {"totalAccelerators": 8, "conditions": conditions}}, MERGE)

    _, left = await walked(Made(api).statuses)

    found = plane.api.get(f"{CLASSES_PATH}/{name}")
    assert left == []
    assert found["status"] == {"conditions": conditions[:1]}
    assert "berth" not in managers(found)


@pytest.mark.usefixtures("no_pods")
async def test_shares_that_run_on_keep_what_they_have(plane: ControlPlane, api: Api) -> None:
    """Their devices, and what their node offers; of other nodes it is taken off, and so are taints."""
    capacity = {"cpu": "16", "memory": "64Gi", "pods": "110", SHARES: "2000"}
    taints = [{"key": key, "value": SCHEDULER, "effect": "NoSchedule"} for key in ("berth.ome.io/scheduler", "team")]
    for name in ("sharing", "idle"):
        status = {"capacity": capacity, "allocatable": capacity}
        metadata = {"name": name, "labels": {SHARED: "2"}, "annotations": {TOUCHED: "now"}}
        plane.api.send("POST", "/api/v1/nodes", {"metadata": metadata, "spec": {"taints": taints}, "status": status})
    asking = {"name": "engine", "image": "vllm/vllm-openai", "resources": {"limits": {SHARES: "250"}}}
    name = waiting(plane, nodeName="sharing", containers=[asking])
    plane.kubectl("annotate", "pod", name, f"{DEVICES}=1", f"{PLACEMENT}={{}}")

    _, refused = await walked(Shares(api).find)
    marks = Marks(api, SCHEDULER, Shares(api, are_left=True))
    said, left = await walked(marks.shares.find, marks.taints, marks.find)

    assert refused == [f"pods default/{name} hold shares of devices: end them, or let them run on with --leave-shares"]
    assert left == []
    assert f"kept: pods default/{name} keep their devices, and sharing offers shares, until they end" in said[0]
    assert plane.api.get(f"/api/v1/namespaces/default/pods/{name}")["metadata"]["annotations"] == {DEVICES: "1"}
    sharing, idle = (plane.api.get(f"/api/v1/nodes/{each}") for each in ("sharing", "idle"))
    assert (sharing["metadata"]["labels"][SHARED], sharing["status"]["capacity"][SHARES]) == ("2", "2k")
    assert SHARES not in idle["status"]["capacity"]
    assert "berth" not in json.dumps({**idle, "spec": {}})
    assert {each["key"] for node in (sharing, idle) for each in node["spec"]["taints"]} == {"team"}

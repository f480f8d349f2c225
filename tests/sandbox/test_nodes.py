import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import ControlPlane, load_nodes
from sandbox.nodes import NodesFileError

ACCELERATORS = ("nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915")
NODES = {node["metadata"]["name"]: node for node in load_nodes()}


def pod_filling(node: dict[str, Any]) -> dict[str, Any]:
    """A pod that asks for every accelerator of a node, tolerates its taints, and takes no other node."""
    name = node["metadata"]["name"]
    capacity = node["status"]["capacity"]
    asked = {"cpu": "1", **{resource: capacity[resource] for resource in ACCELERATORS if resource in capacity}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"fills-{name}"},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": name},
            "tolerations": [{"key": taint["key"], "operator": "Exists"} for taint in node["spec"]["taints"]],
            "containers": [{"name": "main", "image": "none", "resources": {"requests": asked, "limits": asked}}],
        },
    }


def test_the_stock_scheduler_fills_every_node_and_its_pods_run(control_plane: ControlPlane) -> None:
    """The API server takes every node of the file, a pod for all its accelerators is bound there, and runs."""
    control_plane.kubectl("create", "namespace", "filling")
    pods = [pod_filling(node) for node in NODES.values()]
    control_plane.kubectl(
        "create", "--namespace=filling", "--filename=-", stdin="\n---\n".join(json.dumps(pod) for pod in pods)
    )

    def running() -> dict[str, str]:
        found = control_plane.api.get("/api/v1/namespaces/filling/pods")["items"]
        return {
            pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in found if pod["status"]["phase"] == "Running"
        }

    control_plane.wait(lambda: len(running()) == len(NODES), 20, "every pod runs")

    assert running() == {f"fills-{name}": name for name in NODES}


def test_the_kinds_of_hardware_are_those_of_a_mixed_fleet() -> None:
    """Two or three nodes of each kind, with as many devices as such machines have."""
    devices = {
        name: sum(int(node["status"]["capacity"].get(resource, 0)) for resource in ACCELERATORS)
        for name, node in NODES.items()
    }

    assert {name: count for name, count in devices.items() if name.endswith("-0")} == {
        "h100-0": 8,
        "a100-0": 8,
        "l4-0": 4,
        "t4-0": 2,
        "mi300x-0": 8,
        "max1550-0": 8,
        "cpu-0": 0,
    }
    assert "h100-2" in devices


@pytest.mark.parametrize("name", NODES)
def test_labels_agree_with_the_capacity_beside_them(name: str) -> None:
    """A label that counts devices says what the device plugin's resource says."""
    labels, capacity = NODES[name]["metadata"]["labels"], NODES[name]["status"]["capacity"]

    assert labels.get("nvidia.com/gpu.count") == capacity.get("nvidia.com/gpu")
    assert labels.get("beta.amd.com/gpu.family.AI") == capacity.get("amd.com/gpu")
    assert labels.get("gpu.intel.com/device.count") == capacity.get("gpu.intel.com/i915")


def test_the_full_driver_version_is_its_parts_joined() -> None:
    """Feature discovery writes the driver version whole and in parts: both agree on every NVIDIA node."""
    for node in NODES.values():
        labels = node["metadata"]["labels"]
        parts = [labels.get(f"nvidia.com/cuda.driver-version.{part}") for part in ("major", "minor", "revision")]
        whole = labels.get("nvidia.com/cuda.driver-version.full")

        assert whole is None or parts == whole.split(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups: []", "'region' is missing"),
        ("{region: r, groups: [{name: x, count: 1}]}", "missing ['capacity', 'instance_type', 'zones']"),
        (
            "{region: r, groups: [{name: x, count: 1, zones: [z], instance_type: t, capacity: {}, gpus: 8}]}",
            "unknown ['gpus']",
        ),
        (
            "{region: r, groups: [{name: x, count: 1, zones: [z], instance_type: t, capacity: {}, taints: [a=b:No]}]}",
            "taint 'a=b:No' does not read key=value:effect",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, text: str, said: str) -> None:
    """A broken file of nodes names itself, the group, and what is expected."""
    file = tmp_path / "nodes.yaml"
    file.write_text(text)

    with pytest.raises(NodesFileError) as refused:
        load_nodes(file)

    assert str(file) in str(refused.value)
    assert said in str(refused.value)

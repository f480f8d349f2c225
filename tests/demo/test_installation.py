"""What is shipped, as it is shipped: every container's command under its own ServiceAccount's rights."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from demo.installation import MANIFESTS, Installation, machine_address
from demo.stage import Stage, engine_pod
from placement.keys import CHOSEN_CLASS, PLACEMENT
from sandbox import ControlPlane, load_nodes

Json = dict[str, Any]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Berth installed by its manifests on a control plane with fake nodes and the example classes."""
    with ControlPlane() as plane:
        plane.add_nodes(load_nodes())
        berth = Installation(plane, machine_address())
        stage = Stage(plane, berth)
        # Classes that people wrote before, of which discovery then makes none.
        berth.apply()
        stage.apply_example("classes.yaml")
        berth.install()
        stage.namespace("ml", injection="enforce")
        yield stage


def test_every_shipped_container_runs_ready_under_its_own_rights(stage: Stage) -> None:
    """Each Deployment's container is among the programs that are ready."""
    shipped = json.loads(stage.plane.kubectl("get", "deployments", "--namespace=berth-system", "--output=json"))
    containers = {each["name"] for item in shipped["items"] for each in item["spec"]["template"]["spec"]["containers"]}

    assert containers == {"controller", "webhook", "extender", "kube-scheduler"}
    assert stage.berth.programs.keys() == {"controller", "webhook", "extender", "scheduler"}
    stage.plane.check()


def test_a_pod_goes_from_creation_to_a_running_state_with_its_reasons(stage: Stage) -> None:
    """Admission, scheduling, binding and the annotation after it."""
    stage.create_quietly("ml", engine_pod("whole", accelerator_class="nvidia-h100-80gb"))

    node = stage.placed("ml", "whole")["spec"]["nodeName"]

    assert node.startswith("h100-")
    assert stage.annotation("ml", "whole", PLACEMENT)["node"] == node


def test_pods_are_placed_while_the_extender_is_away(stage: Stage) -> None:
    """A dead extender costs quality, never a pod; back again, it places the next."""
    port = stage.berth.port("extender", "extender")
    names = [f"many-{i}" for i in range(12)]
    for name in names[:6]:
        stage.create_quietly("ml", engine_pod(name, accelerator_class="nvidia-h100-80gb"))
    stage.berth.kill("extender")
    for name in names[6:]:
        stage.create_quietly("ml", engine_pod(name, accelerator_class="nvidia-h100-80gb"))

    assert all(stage.placed("ml", name)["spec"]["nodeName"].startswith("h100-") for name in names)

    stage.berth.start_extender(port)
    stage.create_quietly("ml", engine_pod("after", accelerator_class="nvidia-a100-80gb"))
    assert stage.annotation("ml", "after", PLACEMENT)["node"] == stage.placed("ml", "after")["spec"]["nodeName"]


def test_an_invalid_class_says_so_and_the_others_work(stage: Stage) -> None:
    """A class that selects nothing is skipped with a False condition."""
    stage.plane.apply(
        """
        apiVersion: ome.io/v1beta1
        kind: AcceleratorClass
        metadata: {name: nothing}
        spec: {discovery: {}, capabilities: {}}
        """
    )

    def condition() -> Json:
        found = stage.plane.get_json("acceleratorclass", "nothing").get("status", {}).get("conditions", [{}])
        return found[0] if found[0].get("status") == "False" else {}

    assert "discovery" in stage.plane.wait(condition, 20, "the class has its condition")["message"]
    stage.create_quietly("ml", engine_pod("fine", accelerator_class="nvidia-t4"))
    assert stage.placed("ml", "fine")["spec"]["nodeName"].startswith("t4-")


def test_the_engines_of_the_kind_cluster_find_its_devices(stage: Stage) -> None:
    """`make kind`: workers get devices, and engines that say nothing of accelerators the class that suits them."""
    cluster = yaml.safe_load((MANIFESTS / "kind/cluster.yaml").read_text())
    labels = [each["labels"] for each in cluster["nodes"] if each["role"] == "worker"]
    names = [f"berth-worker{number if number > 1 else ''}" for number in range(1, len(labels) + 1)]
    stage.plane.add_nodes([_worker(name, each) for name, each in zip(names, labels, strict=True)])
    kubectl = [str(stage.plane.tools / "kubectl"), f"--kubeconfig={stage.plane.kubeconfig}"]
    subprocess.run([str(MANIFESTS / "kind/devices.sh"), *kubectl], check=True, stdout=subprocess.DEVNULL)
    stage.apply_example("profile.yaml")
    namespace, deployment = yaml.safe_load_all((MANIFESTS / "kind/engines.yaml").read_text())
    stage.plane.apply(json.dumps(namespace))

    stage.create_quietly("inference", _pod_of(deployment))

    devices = [stage.plane.get_json("node", name)["status"]["allocatable"] for name in names]
    assert [each.get("nvidia.com/gpu") or each["amd.com/gpu"] for each in devices] == ["4", "8", "8"]
    assert stage.placed("inference", "engine")["metadata"]["labels"][CHOSEN_CLASS] == "nvidia-l4"


def _worker(name: str, labels: Json) -> Json:
    amounts = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    metadata = {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"metadata": metadata, "status": {"capacity": amounts, "allocatable": amounts}}


def _pod_of(deployment: Json) -> Json:
    template = deployment["spec"]["template"]
    return {"metadata": {**template["metadata"], "name": "engine"}, "spec": template["spec"]}


def test_no_program_was_denied_anything(stage: Stage) -> None:
    """The shipped rules allow what the programs do; each would log a refusal."""
    logs = [path for path in stage.plane.folder.glob("*.log") if path.name.split("-")[0] in _PROGRAMS]

    assert len(logs) >= 4
    assert [path.name for path in logs if "forbidden" in path.read_text().lower()] == []


_PROGRAMS = {"controller", "webhook", "extender", "berth"}


def test_the_examples_are_accepted_as_they_are(stage: Stage) -> None:
    """The profile and the Deployment that the README points to."""
    for name in ("profile.yaml", "deployment.yaml"):
        assert (MANIFESTS / "examples" / name).exists()
        stage.apply_example(name)

"""No node: the webhook injects, the real Karpenter makes the node, the extender places; and what it cannot read."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from demo.installation import Installation
from placement.keys import INJECTION, PLACEMENT, REQUESTED_CLASS
from sandbox import ControlPlane, NotBuiltError
from sandbox.build import autoscaler_folder
from tests.webhook.hardware import A100_80, GPU, PRODUCT
from tests.webhook.real import NAMESPACE, add_namespace, apply_objects, await_answers, create

Json = dict[str, Any]
OWN = "example.com/accelerator"
SCHEDULER = "berth-scheduler"
IMAGE = "vllm/vllm-openai:v0.33.0"


def _term(key: str, value: str) -> Json:
    return {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}


def _class(name: str, *terms: Json) -> Json:
    written = A100_80.as_class
    spec = {**written["spec"], "discovery": {"nodeSelectorTerms": list(terms)}}
    return {**written, "metadata": {"name": name}, "spec": spec}


# What GFD writes stands first, as people write it; Karpenter reads the other one.
H200 = _class("h200", _term(PRODUCT, "NVIDIA-H200"), _term(OWN, "h200"))
B200 = _class("b200", _term(PRODUCT, "NVIDIA-B200"))

NODE_POOL = {
    "apiVersion": "karpenter.sh/v1",
    "kind": "NodePool",
    "metadata": {"name": "gpu"},
    "spec": {
        "template": {
            "metadata": {"labels": {OWN: "h200"}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "default"},
                "requirements": [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}],
                "taints": [{"key": GPU, "value": "present", "effect": "NoSchedule"}],
            },
        }
    },
}
INSTANCE_TYPE = {
    "name": "h200-8x",
    "architecture": "amd64",
    "operatingSystems": ["linux"],
    "resources": {"cpu": "192", "memory": "2Ti", "pods": "110", "ephemeral-storage": "1Ti", GPU: "8"},
    "offerings": [
        {
            "Price": 80.0,
            "Available": True,
            "Requirements": [
                {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["z1"]},
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """The whole installation beside Karpenter, and no node; skipped where Karpenter is not built, but not in CI."""
    try:
        autoscaler_folder()
    except NotBuiltError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with ControlPlane() as started:
        berth = Installation(started)
        berth.apply()
        add_namespace(started)
        started.start_karpenter([INSTANCE_TYPE])
        apply_objects(started, H200, B200, NODE_POOL)
        berth.start_controller("--no-discovery")  # the classes are the test's own
        berth.start_webhook()
        berth.start_extender()
        berth.start_scheduler()
        await_answers(started)
        yield started


def _pod(name: str, accelerator_class: str) -> Json:
    return {
        "metadata": {"name": name, "annotations": {REQUESTED_CLASS: accelerator_class}},
        "spec": {"containers": [{"name": "vllm", "image": IMAGE, "args": ["--model=m"]}]},
    }


def _placed(plane: ControlPlane, name: str) -> str:
    """Return the node of a pod once Berth's extender told of it, empty before."""
    pod = plane.get_json("pod", name, NAMESPACE)
    return str(pod["spec"].get("nodeName", "")) if PLACEMENT in pod["metadata"]["annotations"] else ""


def _event(plane: ControlPlane, name: str) -> str:
    """Return what Karpenter says of a pod that it makes no node for, empty as long as it says nothing."""
    query = f"involvedObject.name={name},reason=FailedScheduling"
    found = json.loads(plane.kubectl("get", "events", "-n", NAMESPACE, f"--field-selector={query}", "-o", "json"))
    said = (each["message"] for each in found["items"] if each["source"].get("component") == "karpenter")
    return next(said, "")


def test_karpenter_makes_the_node_for_an_injected_pod(plane: ControlPlane) -> None:
    """The term that it can read comes first, the pod is bound to the new node, and the extender chose it."""
    created = create(plane, _pod("engine", "h200"))

    affinity = created.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert affinity["nodeSelectorTerms"] == [_term(OWN, "h200"), _term(PRODUCT, "NVIDIA-H200")]

    bound = plane.wait(lambda: _placed(plane, "engine"), 60, "the extender tells where it placed the pod")
    assert plane.get_json("node", bound)["metadata"]["labels"]["karpenter.sh/nodepool"] == "gpu"


def test_what_karpenter_cannot_read_is_no_class_for_a_pod(plane: ControlPlane) -> None:
    """The author reads why; a pod with such a selector waits for ever, and Karpenter says the same of it."""
    warnings = " ".join(create(plane, _pod("refused", "b200"), query="?dryRun=All").warnings)
    assert f"Karpenter knows no values for {PRODUCT}" in warnings

    pod = _pod("unread", "b200")
    pod["metadata"]["labels"] = {INJECTION: "false"}
    pod["spec"] |= {
        "nodeSelector": {PRODUCT: "NVIDIA-B200"},
        "tolerations": [{"key": GPU, "operator": "Exists"}],
        "schedulerName": SCHEDULER,
    }
    create(plane, pod)
    said = plane.wait(lambda: _event(plane, "unread"), 30, "Karpenter says why it makes no node")

    assert f'label "{PRODUCT}" does not have known values' in said
    status = plane.get_json("acceleratorclass", "b200")["status"]
    assert [each["reason"] for each in status["conditions"] if each["type"] == "Scalable"] == ["UnreadableTerms"]
    assert not plane.get_json("pod", "unread", NAMESPACE)["spec"].get("nodeName")

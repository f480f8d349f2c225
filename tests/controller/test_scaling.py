"""The condition Scalable, on a real API server whose autoscalers come and go."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.api import Api
from controller.scaling import scalability
from placement.accelerators import AcceleratorClass
from placement.scaling.node_groups import NodeGroup
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NO_SUPPLY, NodeSupply
from placement.selection import NodeSelection
from sandbox import ControlPlane
from tests.controller.node_pools import DEFINITION
from tests.controller.test_controller import apply_class, at_work, settings, until

Json = dict[str, Any]
PRODUCT = "nvidia.com/gpu.product"
OWN = "example.com/accelerator"


@pytest.fixture
def classes(control_plane: ControlPlane) -> Iterator[None]:
    """A class that only drivers' labels select, and one with a label of its own as well."""
    terms = [
        {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}
        for key, value in ((PRODUCT, "NVIDIA-H200"), (OWN, "h200"))
    ]
    apply_class(control_plane, "scaling-h200", {"nodeSelectorTerms": terms})
    apply_class(control_plane, "scaling-b200", {"nodeSelector": {PRODUCT: "NVIDIA-B200"}})
    yield
    control_plane.kubectl("delete", "acceleratorclass", "scaling-h200", "scaling-b200")
    control_plane.kubectl("delete", "crd", "nodepools.karpenter.sh", "--ignore-not-found")


def _condition(plane: ControlPlane, name: str) -> Json:
    conditions = plane.get_json("acceleratorclass", name).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Scalable"), {})


def _pool(label: str) -> str:
    template = {"metadata": {"labels": {OWN: label}}}
    kind = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "gpu"}}
    return json.dumps({**kind, "spec": {"template": template}})


@pytest.mark.usefixtures("classes")
async def test_the_condition_follows_the_autoscalers(control_plane: ControlPlane, api: Api) -> None:
    """Absent without any, then who makes nodes, then why nobody does; and nothing is written where nothing changes."""

    def says(name: str, *wanted: str) -> bool:
        found = _condition(control_plane, name)
        return (found.get("status"), found.get("reason")) == wanted if wanted else not found

    async with at_work(api, settings()):
        await until(control_plane, lambda: "status" in control_plane.get_json("acceleratorclass", "scaling-h200"))
        assert says("scaling-h200")

        control_plane.apply(json.dumps(DEFINITION))
        control_plane.kubectl("wait", "--for=condition=Established", "crd/nodepools.karpenter.sh", "--timeout=20s")
        control_plane.apply(_pool("h200"))
        await until(control_plane, lambda: says("scaling-h200", "True", "NodePool"))
        await until(control_plane, lambda: says("scaling-b200", "False", "UnreadableTerms"))
        lint = _condition(control_plane, "scaling-b200")["message"]
        settled = control_plane.get_json("acceleratorclass", "scaling-b200")["metadata"]["resourceVersion"]

        control_plane.apply(_pool("h300"))
        await until(control_plane, lambda: says("scaling-h200", "False", "NoSupplier"))
        why = _condition(control_plane, "scaling-h200")["message"]
        untouched = control_plane.get_json("acceleratorclass", "scaling-b200")["metadata"]["resourceVersion"]

        control_plane.kubectl("delete", "crd", "nodepools.karpenter.sh")
        await until(control_plane, lambda: says("scaling-h200") and says("scaling-b200"))

    assert lint.startswith(f"Karpenter knows no values for {PRODUCT}: add an alternative term")
    assert why == f"NodePool gpu has {OWN} h300, not h200"
    assert untouched == settled


GROUPED = AcceleratorClass("h100", NodeSelection({"eks.amazonaws.com/nodegroup": "h100"}))
DECLARED = AcceleratorClass("d", NodeSelection({"a": "b"}), scalable_from_zero=True)
NAMED = AcceleratorClass("g", NodeSelection({"karpenter.k8s.aws/instance-gpu-name": "h100"}))
POOL = NodePool("gpu", "karpenter.k8s.aws")
GROUP = NodeGroup("eks-h100-9cc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11", 4)


@pytest.mark.parametrize(
    ("candidate", "supply", "status", "reason", "said"),
    [
        (GROUPED, NO_SUPPLY, "", "", ""),
        (
            GROUPED,
            NodeSupply((), (GROUP,), has_cluster_autoscaler=True),
            "True",
            "NodeGroup",
            f"node group {GROUP.name}",
        ),
        (GROUPED, NodeSupply(has_cluster_autoscaler=True), "False", "NoSupplier", "are not to be seen"),
        (DECLARED, NO_SUPPLY, "True", "Declared", "so itself"),
        (
            NAMED,
            NodeSupply((POOL,)),
            "True",
            "NodePool",
            "if it has instance types with the values of karpenter.k8s.aws/",
        ),
    ],
)
def test_what_is_said_is_what_can_be_proven(
    candidate: AcceleratorClass, supply: NodeSupply, status: str, reason: str, said: str
) -> None:
    """Absent where no autoscaler is seen; what an instance type has, only Karpenter knows."""
    found = scalability(candidate, supply)

    assert ("" if found.is_absent else str(found.holds)) == status
    assert found.reason == reason
    assert said in found.message

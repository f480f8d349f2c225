"""A control plane whose nodes show hardware, and what people do to the classes that are made of it."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox import ApiError, ControlPlane

CLASSES_PATH = "/apis/ome.io/v1beta1/acceleratorclasses"
GPU = "nvidia.com/gpu"
MERGE = "application/merge-patch+json"

Json = dict[str, Any]


def labels_of(product: str, memory: str = "24576", major: str = "8", minor: str = "9") -> dict[str, str]:
    """Return what NVIDIA's feature discovery writes about a product."""
    return {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.memory": memory,
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/mig.capable": "false",
    }


class HardwareCluster:
    """Nodes with hardware, and classes."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane

    def add(self, node: str, labels: Mapping[str, str], resource: str = GPU) -> None:
        """Add a node of eight devices."""
        amounts = {"cpu": "8", "pods": "110", resource: "8"}
        status = {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]}
        metadata = {"name": node, "labels": dict(labels)}
        self.plane.add_nodes([{"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}])

    def relabel(self, node: str, labels: Mapping[str, str | None]) -> None:
        """Change labels of a node."""
        self.plane.api.send("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": dict(labels)}}, MERGE)

    def remove(self, node: str) -> None:
        """Remove a node."""
        self.plane.api.send("DELETE", f"/api/v1/nodes/{node}", {})

    @property
    def names(self) -> set[str]:
        """The classes."""
        return {each["metadata"]["name"] for each in self.plane.api.get(CLASSES_PATH)["items"]}

    def found(self, name: str) -> Json:
        """Return a class as it stands, empty where there is none."""
        try:
            return self.plane.api.get(f"{CLASSES_PATH}/{name}")
        except ApiError:
            return {}

    def spec(self, name: str) -> Json:
        """Return the spec of a class."""
        spec: Json = self.found(name).get("spec", {})
        return spec

    def discovered(self, name: str) -> tuple[str, str]:
        """Return the status and the reason of a class's condition Discovered."""
        condition = self.condition(name)
        return condition.get("status", ""), condition.get("reason", "")

    def condition(self, name: str) -> Json:
        """Return the condition Discovered of a class, empty where it has none."""
        conditions = self.found(name).get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == "Discovered"), {})

    def prospect(self, name: str) -> str:
        """Return what the condition Discovered says of a class."""
        return str(self.condition(name).get("message", ""))

    def edit(self, name: str, patch: Json) -> None:
        """Change a class as a person does."""
        self.plane.api.send("PATCH", f"{CLASSES_PATH}/{name}?fieldManager=kubectl-edit", patch, MERGE)

    def write(self, name: str, spec: Json, **metadata: Any) -> None:
        """Write a class as a person does."""
        kind = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass"}
        self.plane.apply(json.dumps({**kind, "metadata": {"name": name, **metadata}, "spec": spec}))

    def delete(self, name: str) -> None:
        """Delete a class."""
        self.plane.api.send("DELETE", f"{CLASSES_PATH}/{name}", {})

    def events(self, node: str) -> list[str]:
        """Return what was told about a node."""
        path = f"/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name={node}"
        return [each["note"] for each in self.plane.api.get(path)["items"]]

    def clear(self) -> None:
        """Remove all nodes and classes."""
        self.plane.kubectl("delete", "nodes", "--all", "--wait=false")
        self.plane.kubectl("delete", "acceleratorclasses", "--all", "--ignore-not-found")


def is_omes(plane: ControlPlane) -> bool:
    """Tell whether the API server publishes OME's definition of a class."""
    try:
        published = plane.api.read("/openapi/v3/apis/ome.io/v1beta1")
    except ApiError:
        return False
    return "availableNodes" in published and "unavailableNodes" not in published

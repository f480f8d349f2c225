"""A corner of a control plane: nodes of one label that no other test has, and the classes that select them."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

from sandbox import ControlPlane

NUMBERS = count()
GPU = "nvidia.com/gpu"
CLASSES_PATH = "/apis/ome.io/v1beta1/acceleratorclasses"

Json = dict[str, Any]


class Corner:
    """Nodes with a label of their own, and classes by that label; names begin with it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.label = f"corner-{next(NUMBERS)}"

    def node(self, name: str, gpus: int = 8) -> str:
        """Add a node that is ready, and return its name."""
        capacity = {"cpu": "8", "pods": "110", GPU: str(gpus)}
        status = {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
        named = f"{self.label}-{name}"
        metadata = {"name": named, "labels": {"corner": self.label}}
        self.plane.add_nodes([{"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}])
        return named

    def patch_node(self, node: str, patch: Json, part: str = "") -> None:
        """Merge something into a node, or into a part of it such as its status."""
        path = f"/api/v1/nodes/{node}/{part}".rstrip("/")
        self.plane.api.send("PATCH", path, patch, "application/merge-patch+json")

    def set_ready(self, node: str, status: str) -> None:
        """Let a node say whether it is ready."""
        self.patch_node(node, {"status": {"conditions": [{"type": "Ready", "status": status}]}}, "status")

    def pod(self, node: str, gpus: int) -> Callable[[], object]:
        """Bind a pod that holds some accelerators, and return what deletes it."""
        name = f"{self.label}-pod-{next(NUMBERS)}"
        container = {"name": "c", "image": "i", "resources": {"limits": {GPU: str(gpus)}}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        path = "/api/v1/namespaces/default/pods"
        self.plane.api.send("POST", path, {**pod, "spec": {"nodeName": node, "containers": [container]}})
        return lambda: self.plane.api.send("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0})

    def accelerator_class(self, name: str = "class", **spec: Any) -> str:
        """Create or change a class of these nodes, and return its name."""
        discovery = {"nodeSelector": {"corner": self.label}}
        content = {"vendor": "nvidia", "discovery": discovery, "capabilities": {}, **spec}
        kind = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass"}
        named = f"{self.label}-{name}"
        self.plane.apply(json.dumps({**kind, "metadata": {"name": named}, "spec": content}))
        return named

    def found(self, name: str) -> Json:
        """Return a class as the API server has it."""
        return self.plane.api.get(f"{CLASSES_PATH}/{name}")

    def status(self, name: str) -> Json:
        """Return the status of a class."""
        status: Json = self.found(name).get("status", {})
        return status

    def counts(self, name: str) -> tuple[int, ...]:
        """Return available and total nodes, available and total accelerators of a class; nothing before they are told.

        The total of nodes is the sum over all reasons.
        """
        status = self.status(name)
        if "unavailableNodes" not in status:
            return ()
        nodes = status["availableNodes"]
        return (
            nodes,
            nodes + sum(status["unavailableNodes"].values()),
            status["availableAccelerators"],
            status["totalAccelerators"],
        )

    def condition(self, name: str, kind: str) -> Json:
        """Return a condition of a class, empty where there is none."""
        conditions = self.status(name).get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {})

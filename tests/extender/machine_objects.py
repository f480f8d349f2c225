"""Objects of the model, as small as they can be."""

from collections.abc import Mapping
from typing import Any

from placement.shares import SHARES

Json = dict[str, Any]


def node_object(name: str, uid: str, devices: int, gpus: int = 0) -> Json:
    """Return a node with so many devices to share, or whole ones."""
    offered = {SHARES: str(1000 * devices)} if devices else {"nvidia.com/gpu": str(gpus)}
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "110", **offered}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": name, "uid": uid}, "spec": {}, "status": status}


def pod_object(name: str, uid: str, amounts: Mapping[str, int]) -> Json:
    """Return a pod that asks for these amounts."""
    limits = {each: str(amount) for each, amount in amounts.items()}
    containers = [{"name": "engine", "resources": {"limits": limits}}]
    metadata = {"namespace": "ml", "name": name, "uid": uid}
    return {"metadata": metadata, "spec": {"containers": containers}, "status": {"phase": "Pending"}}


def amount_of(pod: Json, resource: str = SHARES) -> int:
    """Return how much a pod asks for."""
    return int(pod["spec"]["containers"][0]["resources"]["limits"].get(resource, 0))


def is_finished(content: Json) -> bool:
    """Tell whether a pod has come to an end."""
    return content["status"].get("phase") in ("Succeeded", "Failed")

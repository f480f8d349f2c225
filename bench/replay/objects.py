"""A trace as objects of the API: a Node for each node, a class for each model, a Pod for each arrival."""

from collections.abc import Iterator
from typing import Any

from placement.scheduling.fleet import Fleet
from placement.scheduling.replay import Arrival
from placement.shares import SHARES

Json = dict[str, Any]

SCHEDULER = "berth-scheduler"
MODEL = "example.com/gpu-model"

# As in the published simulator.
PODS_PER_NODE = 1001


def nodes(fleet: Fleet) -> Iterator[Json]:
    """Yield the nodes of a fleet; all accelerators are offered in shares."""
    for row, name in enumerate(fleet.names):
        capacity = {
            "cpu": f"{fleet.cpu[row]}m",
            "memory": f"{fleet.memory[row]}Mi",
            "pods": str(PODS_PER_NODE),
            SHARES: str(fleet.capacity[row]),
        }
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": dict.fromkeys([MODEL], fleet.kinds[fleet.kind[row]][0])},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            },
        }


def classes(fleet: Fleet) -> Iterator[Json]:
    """Yield a class for each model."""
    for model in sorted({model for kind in fleet.kinds for model in kind}):
        yield {
            "apiVersion": "ome.io/v1beta1",
            "kind": "AcceleratorClass",
            "metadata": {"name": model.lower()},
            "spec": {"discovery": {"nodeSelector": {MODEL: model}}, "resources": [{"name": SHARES}]},
        }


def pod(number: int, arrival: Arrival) -> Json:
    """Return an arrival as a pod; names sort as the arrivals do."""
    task, memory = arrival
    amounts = {"cpu": f"{task.cpu}m", "memory": f"{memory}Mi"}
    if task.devices:
        amounts[SHARES] = str(task.asked)
    container = {"name": "engine", "image": "engine", "resources": {"requests": amounts, "limits": _limits(amounts)}}
    spec: Json = {"schedulerName": SCHEDULER, "containers": [container]}
    if task.classes:
        wanted = {"key": MODEL, "operator": "In", "values": list(task.classes)}
        terms = [{"matchExpressions": [wanted]}]
        spec["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name_of(number)}, "spec": spec}


def name_of(number: int) -> str:
    """Return the name of the pod of an arrival."""
    return f"arrival-{number:06}"


def number_of(name: str) -> int:
    """Return the number of the arrival of a pod."""
    return int(name.removeprefix("arrival-"))


def _limits(amounts: dict[str, str]) -> dict[str, str]:
    return {name: amount for name, amount in amounts.items() if name == SHARES}

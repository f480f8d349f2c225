"""The objects of a cluster under load: nodes of eight devices, and pods of mixed sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Any

from bench.churn.objects import accelerator_class
from bench.questions import NVIDIA, PRODUCT, PRODUCTS
from placement.shares import PER_DEVICE, SHARES

Json = dict[str, Any]

DEVICES = 8
REPLICAS = 8
NONE, ALIKE = "none, mixed", "none, alike"

# What pods ask in turn: whole devices, thousandths of one or more, or milli of cpu.
SIZES = {
    NVIDIA: (1, 1, 1, 2, 1, 4, 1, 8),
    SHARES: (500, 250, 800, 1000, 300, 2000, 470, 650),
    NONE: (500, 1000, 2000, 250, 1500, 4000, 750, 100),
    ALIKE: (1000,),
}

# Idle devices of a node in a cluster that is nearly full, and how often.
_IDLE, _OFTEN = (0, 1, 2, 4, 8), (80, 6, 5, 4, 5)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a pod asks: so much of a resource, or of cpu where it wants no accelerators."""

    resource: str
    amount: int

    @property
    def amounts(self) -> dict[str, str]:
        """The quantities of its container."""
        if self.resource in (NONE, ALIKE):
            return {"cpu": f"{self.amount}m"}
        return {"cpu": "1", self.resource: str(self.amount)}


def asks(resource: str, count: int) -> list[Ask]:
    """Return what so many pods ask, the sizes in turn."""
    return [Ask(resource, amount) for amount in islice(cycle(SIZES[resource]), count)]


def stream(devices: int) -> list[Ask]:
    """Return pods of mixed sizes in a drawn order that ask for so many whole devices in all."""
    chance, left = Random(3), devices
    found = list[Ask]()
    while left:
        amount = min(left, chance.choice(SIZES[NVIDIA]))
        found.append(Ask(NVIDIA, amount))
        left -= amount
    return found


def nodes(count: int, resource: str) -> Iterator[Json]:
    """Yield nodes that offer a resource, the products in turn."""
    amount = DEVICES * (PER_DEVICE if resource == SHARES else 1)
    offered = {"cpu": "192", "memory": "1024Gi", "ephemeral-storage": "3500Gi", "pods": "110", resource: str(amount)}
    for number in range(count):
        labels = {PRODUCT: PRODUCTS[number % len(PRODUCTS)], "kubernetes.io/hostname": node_name(number)}
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node_name(number), "labels": labels},
            "status": {
                "capacity": offered,
                "allocatable": offered,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            },
        }


def node_name(number: int) -> str:
    """Return the name of a node."""
    return f"node-{number:05}.pool.example.internal"


def classes() -> Iterator[Json]:
    """Return a class for each product."""
    return map(accelerator_class, PRODUCTS)


def pod(name: str, number: int, ask: Ask, scheduler: str) -> Json:
    """Return a pod for a scheduler; every few are replicas of one owner."""
    amounts = {"memory": "4Gi", **ask.amounts}
    owner = f"{name.rpartition('-')[0]}-{number // REPLICAS}"
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"bench": "pod"}, "ownerReferences": [reference]},
        "spec": {
            "schedulerName": scheduler,
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "engine", "image": "vllm/vllm-openai:v0.33.0", "resources": {"limits": amounts}}],
        },
    }


def occupants(count: int) -> Iterator[Json]:
    """Yield a bound pod for most of so many nodes, which holds all but a few of its devices."""
    for number, idle in enumerate(Random(4).choices(_IDLE, _OFTEN, k=count)):
        if idle < DEVICES:
            content = pod(f"occupant-{number:05}", number, Ask(NVIDIA, DEVICES - idle), "nobody")
            content["spec"]["nodeName"] = node_name(number)
            content["metadata"]["labels"] = {"bench": "occupant"}
            yield content


def idle_devices(count: int) -> int:
    """Return how many devices the occupants of so many nodes leave idle."""
    return sum(Random(4).choices(_IDLE, _OFTEN, k=count))

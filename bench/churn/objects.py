"""What comes and goes: nodes of four products, and pods of many owners that ask for devices, shares or neither."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.questions import NVIDIA, PRODUCT, PRODUCTS
from placement.shares import SHARES

Json = dict[str, Any]

DEVICES = 8
NAMESPACES = ("research", "search", "chat", "vision", "batch")
_LARGEST_OWNER = 20
CORES = (1, 2, 4, 8, 12)
MEMORY_PER_DEVICE = (1, 2, 4, 8, 16)

# Every tenth node offers its devices in shares. Of the pods some ask for shares, and some for no accelerator at all.
_NODES_PER_SHARING_ONE = 10
_SHARE_PODS, _PLAIN_PODS = 0.1, 0.1
_WHOLE_SIZES = (1, 1, 1, 1, 2, 2, 4, 8)


def accelerator_class(product: str) -> Json:
    """Return the class of a product, whose nodes offer whole devices or shares."""
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": product.lower()},
        "spec": {
            "discovery": {"nodeSelector": {PRODUCT: product}},
            "resources": [{"name": NVIDIA}, {"name": SHARES}],
        },
    }


def node(number: int, generation: int = 0) -> Json:
    """Return the node at a place; the one of the next generation has another name."""
    is_sharing = number % _NODES_PER_SHARING_ONE == 0
    devices = {SHARES: str(DEVICES * 1000)} if is_sharing else {NVIDIA: str(DEVICES)}
    capacity = {"cpu": "96", "memory": "1Ti", "pods": "110", **devices}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"node-{number:05}-{generation}.pool.example.internal",
            "labels": {PRODUCT: PRODUCTS[number % len(PRODUCTS)]},
        },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


@dataclass
class Draw:
    """Draws pods, `count` so far: replicas of one owner after the other, each owner with a shape of its own."""

    chance: Random
    count: int = 0
    _owner: str = ""
    _namespace: str = ""
    _left: int = 0
    _amounts: dict[str, str] = field(default_factory=dict)

    def pod(self) -> Json:
        """Return the next pod."""
        if self._left == 0:
            self._next_owner()
        self._left -= 1
        self.count += 1
        reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": self._owner, "controller": True}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{self._owner}-{self.count:06}",
                "namespace": self._namespace,
                "labels": {"app": self._owner, "pod-template-hash": f"{self.count:x}"},
                "ownerReferences": [{**reference, "uid": f"uid-of-{self._owner}"}],
            },
            "spec": {
                "schedulerName": "berth-scheduler",
                "containers": [{"name": "engine", "image": "engine", "resources": {"limits": self._amounts}}],
            },
        }

    def _next_owner(self) -> None:
        self._owner = f"app-{self.chance.getrandbits(32):08x}"
        self._namespace = self.chance.choice(NAMESPACES)
        self._left = self.chance.randint(1, _LARGEST_OWNER)
        # Few enough shapes that all have been seen when the hour begins, as a cluster's templates have.
        cpu, memory = self.chance.choice(CORES), self.chance.choice(MEMORY_PER_DEVICE)
        self._amounts = {"cpu": str(cpu), "memory": f"{4 * memory}Gi", **self._devices()}

    def _devices(self) -> dict[str, str]:
        dice = self.chance.random()
        if dice < _SHARE_PODS:
            return {SHARES: str(self.chance.randrange(100, 1000, 50))}
        if dice < _SHARE_PODS + _PLAIN_PODS:
            return {}
        return {NVIDIA: str(self.chance.choice(_WHOLE_SIZES))}


def devices_of(pod: Json) -> tuple[str, int]:
    """Return of which resource a pod takes how much; nothing where it asks for no accelerators."""
    limits = pod["spec"]["containers"][0]["resources"]["limits"]
    return next(((name, int(limits[name])) for name in (NVIDIA, SHARES) if name in limits), ("", 0))

"""What changes: nodes of several products in several pools, the pods on them, and classes that select by either."""

from collections.abc import Iterator
from typing import Any

from bench.questions import NVIDIA, PRODUCT

Json = dict[str, Any]

DEVICES = 8
POOL = "example.com/pool"
MAINTENANCE = {"key": "example.com/maintenance", "effect": "NoSchedule"}

# Product, memory in MiB, compute capability, family: as NVIDIA's feature discovery writes them.
HARDWARE = (
    ("NVIDIA-H100-80GB-HBM3", "81559", "9", "0", "hopper"),
    ("NVIDIA-H200", "143771", "9", "0", "hopper"),
    ("NVIDIA-A100-SXM4-80GB", "81920", "8", "0", "ampere"),
    ("NVIDIA-A100-SXM4-40GB", "40960", "8", "0", "ampere"),
    ("NVIDIA-L40S", "46068", "8", "9", "ada-lovelace"),
    ("NVIDIA-L4", "23034", "8", "9", "ada-lovelace"),
    ("Tesla-T4", "15360", "7", "5", "turing"),
    ("NVIDIA-B200", "183359", "10", "0", "blackwell"),
)

# What stands for a label that was cut off on its way.
_CUT = 9


def hardware_labels(number: int) -> dict[str, str]:
    """Return the labels of a node with the hardware at a place."""
    product, memory, major, minor, family = HARDWARE[number % len(HARDWARE)]
    return {
        PRODUCT: product,
        "nvidia.com/gpu.memory": memory,
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/gpu.family": family,
        "nvidia.com/gpu.count": str(DEVICES),
    }


def damaged_labels(number: int) -> dict[str, str | None]:
    """Return what becomes of labels now and then: cut off, gone, or those of two products."""
    product = HARDWARE[number % len(HARDWARE)][0]
    return {PRODUCT: (product[:_CUT].rstrip("-"), None, product)[number % 3]}


def node(number: int, generation: int, pools: int) -> Json:
    """Return the node at a place; the one of the next generation has another name."""
    offered = {"cpu": "96", "memory": "1Ti", "pods": "110", NVIDIA: str(DEVICES)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"node-{number:05}-{generation}.pool.example.internal",
            "labels": {**hardware_labels(number), POOL: f"pool-{number % pools:03}"},
        },
        "status": {
            "capacity": offered,
            "allocatable": offered,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


def pod(number: int, node_name: str) -> Json:
    """Return a pod that is bound to a node and holds some of its devices."""
    limits = {"cpu": "1", NVIDIA: str(1 + number % 4)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"engine-{number:06}"},
        "spec": {
            "nodeName": node_name,
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "engine", "image": "engine", "resources": {"limits": limits}}],
        },
    }


def classes(pools: int) -> Iterator[Json]:
    """Yield a class for each product and for each pool: they overlap."""
    for product, *_ in HARDWARE:
        yield _class(f"product-{product.lower()}", {PRODUCT: product})
    for number in range(pools):
        yield _class(f"pool-{number:03}", {POOL: f"pool-{number:03}"})


def _class(name: str, labels: dict[str, str]) -> Json:
    return {
        "apiVersion": "ome.io/v1beta1",
        "kind": "AcceleratorClass",
        "metadata": {"name": name},
        "spec": {"discovery": {"nodeSelector": labels}, "resources": [{"name": NVIDIA}]},
    }

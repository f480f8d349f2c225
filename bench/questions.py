"""The questions about nodes: bodies as kube-scheduler writes them, and the small cluster that they are about."""

import json
from typing import Any

from demo.stage import engine_pod
from placement.accelerators import AcceleratorClass, Catalog, DeviceResource
from placement.inventory import NodeInventory
from placement.selection import NodeSelection

NVIDIA = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"
PRODUCTS = ("H100", "A100", "L4", "T4")
SIZES = (1, 1, 1, 2, 1, 4, 1, 8)

CATALOG = Catalog(
    {
        name: AcceleratorClass(name, NodeSelection({PRODUCT: name}), listed_resources=(DeviceResource(NVIDIA),))
        for name in PRODUCTS
    }
)


def nodes(count: int) -> list[NodeInventory]:
    """Return nodes of eight devices, the products in turn."""
    offered = {"cpu": 96_000, "memory": 2**40, "pods": 110, NVIDIA: 8}
    return [
        NodeInventory(f"node-{i:05}.pool.example.internal", {PRODUCT: PRODUCTS[i % 4]}, allocatable=offered)
        for i in range(count)
    ]


def _pod(number: int) -> dict[str, Any]:
    pod = engine_pod(f"llm-{number}", resources={NVIDIA: str(SIZES[number % len(SIZES)])})
    pod["metadata"] |= {"uid": f"uid-{number}", "namespace": "ml", "labels": {"app": "llm", "release": str(number)}}
    return pod


def arguments(number: int, names: list[str]) -> bytes:
    """Return ExtenderArgs about a pending pod."""
    return json.dumps({"Pod": _pod(number), "Nodes": None, "NodeNames": names}).encode()

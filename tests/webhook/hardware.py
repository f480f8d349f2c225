"""Hardware for tests on a real control plane: accelerator classes, and nodes that carry them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"


@dataclass(frozen=True, slots=True)
class Hardware:
    """One kind of accelerator: its class, known by the product's label, and what a node with it looks like."""

    name: str
    product: str
    gib: int
    compute: str
    usd: str
    fp16: int
    bandwidth: int = 1500
    features: tuple[str, ...] = ("tensor-cores",)

    @property
    def as_class(self) -> Json:
        """The AcceleratorClass."""
        return {
            "apiVersion": "ome.io/v1beta1",
            "kind": "AcceleratorClass",
            "metadata": {"name": self.name},
            "spec": {
                "vendor": "nvidia",
                "discovery": {"nodeSelector": {PRODUCT: self.product}},
                "capabilities": {
                    "memoryGB": f"{self.gib}Gi",
                    "computeCapability": self.compute,
                    "memoryBandwidthGBps": str(self.bandwidth),
                    "features": list(self.features),
                    "performance": {"fp16TFLOPS": self.fp16},
                },
                "resources": [{"name": GPU}],
                "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
                "cost": {"perHour": self.usd},
            },
        }

    def nodes(self, count: int, devices: int = 8, labels: Mapping[str, str] | None = None) -> list[Json]:
        """Return nodes with so many devices each, tainted as NVIDIA's operator does."""
        group = "-".join([self.name, *(labels or {}).values()])
        own = {PRODUCT: self.product, **(labels or {})}
        taint = {"key": GPU, "value": "present", "effect": "NoSchedule"}
        return [_node(f"{group}-{index}", {GPU: str(devices)}, own, [taint]) for index in range(count)]


# The founding proposal's, with prices of a contract that makes its threshold of half a dollar possible.
A100_40 = Hardware("nvidia-a100-40gb", "NVIDIA-A100-SXM4-40GB", 40, "8.0", "0.45", 312, 1555)
A100_80 = Hardware("nvidia-a100-80gb", "NVIDIA-A100-SXM4-80GB", 80, "8.0", "1.20", 312, 2039)
H100 = Hardware("nvidia-h100-80gb", "NVIDIA-H100-80GB-HBM3", 80, "9.0", "2.10", 989, 3350, ("tensor-cores", "fp8"))
H200 = Hardware("nvidia-h200-96gb", "NVIDIA-H200", 96, "9.0", "3.00", 989, 4800, ("tensor-cores", "fp8"))
T4 = Hardware("nvidia-t4", "Tesla-T4", 16, "7.5", "0.10", 65, 320)
ALL = (A100_40, A100_80, H100, H200, T4)


def listed(objects: Iterable[Json]) -> Json:
    """Return objects as one that kubectl applies."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def cpu_nodes(count: int, labels: Mapping[str, str]) -> list[Json]:
    """Return nodes without any accelerator."""
    return [_node(f"cpu-{index}", {}, labels, []) for index in range(count)]


def _node(name: str, devices: Mapping[str, str], labels: Mapping[str, str], taints: list[Json]) -> Json:
    capacity = {"cpu": "200", "memory": "1800Gi", "pods": "110", **devices}
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, **labels},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": taints},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }

"""What clouds and their autoscalers say of NVIDIA's devices, on nodes where no feature discovery runs.

Sources: GKE's documentation of GPU node pools; aws/karpenter-provider-aws pkg/apis/v1/labels.go, and EKS Auto Mode,
which has the same labels; Azure/karpenter-provider-azure pkg/apis/v1beta1/labels.go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from placement.discovering.known_hardware import known_name
from placement.discovering.memory import nominal_gib
from placement.discovering.naming import hardware_name
from placement.discovering.readings import Labels
from placement.discovering.sights import condition
from placement.selection import Expression

_GKE = "cloud.google.com/gke-accelerator"
_GKE_PROFILE = "cloud.google.com/gke-gpu-partition-size"
_GKE_STRATEGY = "cloud.google.com/gke-gpu-sharing-strategy"
_GKE_CLIENTS = "cloud.google.com/gke-max-shared-clients-per-gpu"
_AWS = ("karpenter.k8s.aws/instance-gpu", "eks.amazonaws.com/instance-gpu")
_AZURE = "karpenter.azure.com/sku-gpu"
CLOUD_KEYS = (
    *(_GKE, _GKE_PROFILE, _GKE_STRATEGY, _GKE_CLIENTS),
    *(f"{prefix}-{kind}" for prefix in _AWS for kind in ("name", "memory", "manufacturer")),
    *(f"{_AZURE}-{kind}" for kind in ("name", "manufacturer")),
)

# Names that leave something unsaid, with the hardware that the cloud has; all others are names of hardware.
_IN_GKE = MappingProxyType(
    {
        "nvidia-tesla-v100": "v100-sxm2-16gb",
        "nvidia-tesla-a100": "a100-sxm4-40gb",
        "nvidia-a100-80gb": "a100-sxm4-80gb",
        "nvidia-h100-80gb": "h100-80gb-hbm3",
        "nvidia-h100-mega-80gb": "h100-80gb-hbm3",
        "nvidia-h200-141gb": "h200",
        "nvidia-rtx-pro-6000": "rtx-pro-6000-blackwell-server-edition",
    }
)
# By the memory in GiB.
_IN_AWS = MappingProxyType(
    {
        ("v100", 16): "v100-sxm2-16gb",
        ("v100", 32): "v100-sxm2-32gb",
        ("a100", 40): "a100-sxm4-40gb",
        ("a100", 80): "a100-sxm4-80gb",
        ("h100", 80): "h100-80gb-hbm3",
        ("b300", 270): "b300-sxm6-ac",
        ("rtx-pro-server-6000", 96): "rtx-pro-6000-blackwell-server-edition",
    }
)
# Models that a cloud has in parts as well, of which the name says nothing.
_UNTOLD_IN_AZURE = frozenset({"a10"})
_STRATEGIES = MappingProxyType({"time-sharing": "time-slicing", "mps": "mps"})
_MAX_CLIENTS = 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What a cloud says: the hardware, by which label, which one counts devices, and how they are offered."""

    hardware: str
    source: str
    count_key: str
    anchors: tuple[Expression, ...]
    memory_mib: int | None = None
    profile: str = ""
    strategy: str = ""
    replicas: int = 1


def told(labels: Labels) -> Told | None:
    """Return what a cloud's labels say of NVIDIA's devices, or None."""
    return next(_tales(labels), None)


def _tales(labels: Labels) -> Iterator[Told]:
    if labels.get(_GKE, "").startswith("nvidia-"):
        yield _by_gke(labels)
    for prefix in _AWS:
        if f"{prefix}-name" in labels and _is_nvidia(labels, prefix):
            yield _by_aws(labels, prefix)
    name = labels.get(f"{_AZURE}-name", "")
    if name and _is_nvidia(labels, _AZURE) and name.lower() not in _UNTOLD_IN_AZURE:
        source = f"{_AZURE}-name"
        yield Told(hardware_name("nvidia", name), source, f"{_AZURE}-count", (condition(source, name),))


def _is_nvidia(labels: Labels, prefix: str) -> bool:
    name, maker = labels.get(f"{prefix}-name", ""), labels.get(f"{prefix}-manufacturer", "").lower()
    return maker == "nvidia" or (not maker and known_name("nvidia", name) is not None)


def _by_gke(labels: Labels) -> Told:
    name = labels[_GKE]
    keys = [key for key in (_GKE, _GKE_PROFILE, _GKE_STRATEGY, _GKE_CLIENTS) if key in labels]
    strategy = _STRATEGIES.get(labels.get(_GKE_STRATEGY, ""), "")
    return Told(
        _IN_GKE.get(name) or hardware_name("nvidia", name),
        _GKE,
        f"{_GKE}-count",
        tuple(condition(key, labels[key]) for key in keys if key != _GKE_CLIENTS or strategy == "mps"),
        profile=labels.get(_GKE_PROFILE, ""),
        strategy=strategy,
        replicas=min(_number(labels.get(_GKE_CLIENTS, "")) or 1, _MAX_CLIENTS),
    )


def _by_aws(labels: Labels, prefix: str) -> Told:
    name, memory = labels[f"{prefix}-name"], _number(labels.get(f"{prefix}-memory", ""))
    gib = nominal_gib(memory or 0)
    keys = [key for key in (f"{prefix}-name", f"{prefix}-memory") if key in labels]
    return Told(
        _IN_AWS.get((name.lower(), int(gib or 0))) or hardware_name("nvidia", name),
        f"{prefix}-name",
        f"{prefix}-count",
        tuple(condition(key, labels[key]) for key in keys),
        memory,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("999999999") else None

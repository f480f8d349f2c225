"""The memory of a node's devices, by the labels that vendors' tools write."""

from collections.abc import Mapping

from placement.accelerators import AcceleratorClass

_MIB_PER_GIB = 1024
_NVIDIA = "nvidia.com/gpu"
_AMD = "amd.com/gpu"
_SHARED = "nvidia.com/gpu.replicas"


def memory_gib(candidate: AcceleratorClass, labels: Mapping[str, str]) -> float | None:
    """Return the memory of one device of the class on a node with these labels, None where no label tells it.

    The labels speak of whole devices: MiB of NVIDIA's, GiB with a G of AMD's or MiB without one. What is said of
    partitions and of shared devices does not tell what a container gets.
    """
    if _NVIDIA in candidate.resource_names and labels.get(_SHARED, "1") in ("0", "1"):
        return _gib(labels.get("nvidia.com/gpu.memory", ""))
    if _AMD in candidate.resource_names:
        return _gib(labels.get("amd.com/gpu.vram") or labels.get("beta.amd.com/gpu.vram", ""))
    return None


def _gib(text: str) -> float | None:
    number = text.removesuffix("G")
    if not (number.isascii() and number.isdigit()) or not int(number[:12]):
        return None
    return float(number[:12]) / (1 if text.endswith("G") else _MIB_PER_GIB)

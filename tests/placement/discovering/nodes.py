"""Nodes as drivers, device plugins and clouds label them: functions that return labels and allocatable resources.

`node` makes a NodeInventory of them.
"""

from collections.abc import Mapping

from placement.inventory import NodeInventory
from placement.taints import Taint

Node = tuple[dict[str, str], dict[str, int]]
GPU = "nvidia.com/gpu"


def node(name: str, given: Node, taints: tuple[Taint, ...] = ()) -> NodeInventory:
    """Return the node of these labels and amounts."""
    labels, allocatable = given
    return NodeInventory(name, {"kubernetes.io/hostname": name, **labels}, taints, allocatable)


def nvidia(
    product: str = "NVIDIA-H100-80GB-HBM3",
    count: int = 8,
    memory_mib: int | None = 81559,
    capability: tuple[int, int] | None = (9, 0),
    family: str = "hopper",
    **more: str,
) -> Node:
    """Whole devices, as GPU Feature Discovery labels them."""
    labels = {
        f"{GPU}.product": product,
        f"{GPU}.count": str(count),
        f"{GPU}.replicas": "1",
        f"{GPU}.sharing-strategy": "none",
        f"{GPU}.family": family,
        f"{GPU}.machine": "Server",
        f"{GPU}.present": "true",
        "nvidia.com/mig.capable": "false",
        "nvidia.com/mig.strategy": "single",
        "nvidia.com/mps.capable": "false",
        "nvidia.com/cuda.driver-version.full": "570.86.15",
        **({f"{GPU}.memory": str(memory_mib)} if memory_mib is not None else {}),
        **more,
    }
    if capability:
        labels |= {f"{GPU}.compute.major": str(capability[0]), f"{GPU}.compute.minor": str(capability[1])}
    return labels, {GPU: count}


def h100() -> Node:
    """An HGX H100."""
    return nvidia()


def a100(product: str = "NVIDIA-A100-SXM4-80GB", memory_mib: int = 81920) -> Node:
    """An HGX A100."""
    return nvidia(product, 8, memory_mib, (8, 0), "ampere")


def l4(count: int = 1) -> Node:
    """A node with L4s."""
    return nvidia("NVIDIA-L4", count, 23034, (8, 9), "ada-lovelace")


def t4(product: str = "Tesla-T4", memory_mib: int = 15360, count: int = 1) -> Node:
    """A node with T4s, in the spelling of its driver."""
    return nvidia(product, count, memory_mib, (7, 5), "turing")


def old_driver(product: str = "A100-SXM4-40GB", memory_mib: int = 40536) -> Node:
    """A release of feature discovery that knows nothing of sharing, on a driver that leaves out the vendor's name."""
    labels, amounts = nvidia(product, 8, memory_mib, (8, 0), "ampere")
    return {
        key: value for key, value in labels.items() if not key.endswith((".replicas", ".sharing-strategy"))
    }, amounts


def time_sliced(given: Node, replicas: int = 4, *, is_renamed: bool = False) -> Node:
    """The same devices in time slices, perhaps under a name of their own."""
    return _replicated(given, "time-slicing", replicas, is_renamed=is_renamed)


def mps(given: Node, replicas: int = 4) -> Node:
    """The same devices under the Multi-Process Service."""
    return _replicated(given, "mps", replicas, is_renamed=False)


def _replicated(given: Node, strategy: str, replicas: int, *, is_renamed: bool) -> Node:
    labels, amounts = given
    product = labels[f"{GPU}.product"]
    return {
        **labels,
        f"{GPU}.product": product if is_renamed else f"{product}-SHARED",
        f"{GPU}.replicas": str(replicas),
        f"{GPU}.sharing-strategy": strategy,
    }, {f"{GPU}.shared" if is_renamed else GPU: amounts[GPU] * replicas}


def mig_single(given: Node, profile: str = "1g.10gb", slices: int = 7, memory_mib: int = 9856) -> Node:
    """The same devices divided alike, under the MIG strategy single."""
    labels, amounts = given
    count = amounts[GPU] * slices
    return {
        **labels,
        f"{GPU}.product": f"{labels[f'{GPU}.product']}-MIG-{profile}",
        f"{GPU}.count": str(count),
        f"{GPU}.memory": str(memory_mib),
        f"{GPU}.slices.gi": profile[0],
        f"{GPU}.slices.ci": profile[0],
        "nvidia.com/mig.capable": "true",
    }, {GPU: count}


def mig_mixed(given: Node, profiles: Mapping[str, tuple[int, int]] | None = None, whole: int = 0) -> Node:
    """The same devices divided in any ways, under the MIG strategy mixed: count and MiB of each profile."""
    labels, _ = given
    product = labels[f"{GPU}.product"]
    told = {
        **labels,
        f"{GPU}.replicas": "1" if whole else "0",
        "nvidia.com/mig.capable": "true",
        "nvidia.com/mig.strategy": "mixed",
    }
    amounts = {GPU: whole}
    for profile, (count, memory_mib) in (profiles or {"1g.10gb": (4, 9856), "3g.40gb": (2, 40192)}).items():
        prefix = f"nvidia.com/mig-{profile}"
        told |= {
            f"{prefix}.product": f"{product}-MIG-{profile}",
            f"{prefix}.count": str(count),
            f"{prefix}.memory": str(memory_mib),
            f"{prefix}.replicas": "1",
            f"{prefix}.sharing-strategy": "none",
        }
        amounts[prefix] = count
    return told, amounts


def mig_invalid(given: Node) -> Node:
    """Devices that the MIG strategy single cannot offer."""
    labels, _ = given
    return {
        **labels,
        f"{GPU}.product": f"{labels[f'{GPU}.product']}-MIG-INVALID",
        f"{GPU}.count": "0",
        f"{GPU}.replicas": "0",
        f"{GPU}.memory": "0",
    }, {GPU: 0}


def vgpu(product: str = "GRID-A100-10C", memory_mib: int = 10240) -> Node:
    """A virtual machine with a virtual GPU."""
    more = {"nvidia.com/vgpu.present": "true", "nvidia.com/vgpu.host-driver-version": "535.54.06"}
    return nvidia(product, 1, memory_mib, (8, 0), "ampere", **more)


def gke(accelerator: str = "nvidia-l4", count: int = 1, **more: str) -> Node:
    """A node of GKE without feature discovery; keyword arguments are further labels of GKE's, without the domain."""
    domain = "cloud.google.com/gke"
    labels = {f"{domain}-{key.replace('_', '-')}": value for key, value in more.items()}
    return {f"{domain}-accelerator": accelerator, f"{domain}-accelerator-count": str(count), **labels}, {GPU: count}


def karpenter_aws(name: str = "a100", memory_mib: int = 40960, count: int = 8, maker: str = "nvidia") -> Node:
    """A node of Karpenter on AWS without feature discovery."""
    prefix = "karpenter.k8s.aws/instance-gpu"
    return {
        f"{prefix}-name": name,
        f"{prefix}-memory": str(memory_mib),
        f"{prefix}-count": str(count),
        f"{prefix}-manufacturer": maker,
        "node.kubernetes.io/instance-type": "p4d.24xlarge",
    }, {GPU if maker == "nvidia" else "habana.ai/gaudi": count}


def aks_nap(name: str = "A100", count: int = 1) -> Node:
    """A node that AKS's node auto-provisioning made."""
    prefix = "karpenter.azure.com/sku-gpu"
    labels = {f"{prefix}-name": name, f"{prefix}-manufacturer": "nvidia", f"{prefix}-count": str(count)}
    return {**labels, "kubernetes.azure.com/accelerator": "nvidia"}, {GPU: count}


def amd(product: str = "AMD_Instinct_MI300X_OAM", device: str = "74a1", vram: str = "192G", count: int = 8) -> Node:
    """AMD's devices, with all labels under both prefixes and as counters."""
    values = {"product-name": product, "device-id": device, "vram": vram, "family": "AI", "cu-count": "304"}
    plain = {f"{prefix}amd.com/gpu.{key}": value for prefix in ("", "beta.") for key, value in values.items()}
    counters = {f"beta.amd.com/gpu.{key}.{value}": str(count) for key, value in values.items()}
    return plain | counters, {"amd.com/gpu": count}


def amd_counters(device: str = "74a1", vram: str = "192G", count: int = 8) -> Node:
    """AMD's devices as a release labels them that counts values only."""
    values = {"device-id": device, "vram": vram, "family": "AI"}
    return {f"beta.amd.com/gpu.{key}.{value}": str(count) for key, value in values.items()}, {"amd.com/gpu": count}


def amd_two_models() -> Node:
    """A node with an MI300X and an MI210: only counters stand there."""
    return {"beta.amd.com/gpu.device-id.74a1": "1", "beta.amd.com/gpu.device-id.740f": "1"}, {"amd.com/gpu": 2}


def amd_partitioned(partition: str = "cpx_nps4", vram: str = "24G", count: int = 64, *, is_mixed: bool = False) -> Node:
    """MI300X in partitions, under the resource naming strategy single or mixed."""
    labels, _ = amd(vram=vram, count=count)
    return {**labels, "amd.com/gpu.compute-memory-partition": partition}, {
        f"amd.com/{partition}" if is_mixed else "amd.com/gpu": count
    }


def intel(product: str = "Max_1550", device: str = "0380-0bd5", count: int = 4, driver: str = "i915") -> Node:
    """Intel's data center GPUs, as Node Feature Discovery labels them."""
    labels = {
        "gpu.intel.com/product": product,
        "gpu.intel.com/family": f"{product.partition('_')[0]}_Series",
        "gpu.intel.com/device.count": str(count),
        f"gpu.intel.com/device-id.{device}.present": "true",
        f"gpu.intel.com/device-id.{device}.count": str(count),
        "intel.feature.node.kubernetes.io/gpu": "true",
    }
    return labels, {f"gpu.intel.com/{driver}": count, f"gpu.intel.com/{driver}_monitoring": 1}


def intel_two_models() -> Node:
    """A Flex 170 beside the processor's own graphics."""
    labels, amounts = intel("Flex_170", "0380-56c0", 2)
    return {**labels, "gpu.intel.com/device-id.0300-9a49.present": "true"}, amounts


def gaudi(device: str = "1020") -> Node:
    """Gaudi, as Node Feature Discovery labels PCI devices; without a device it is told no model."""
    middle = f"_{device}" if device else ""
    return {f"feature.node.kubernetes.io/pci-1200_1da3{middle}.present": "true"}, {"habana.ai/gaudi": 8}


def neuron(instance_type: str = "inf2.48xlarge", devices: int = 12, cores: int = 24) -> Node:
    """A node of AWS with Neuron devices."""
    return {"node.kubernetes.io/instance-type": instance_type}, {
        "aws.amazon.com/neuron": devices,
        "aws.amazon.com/neuroncore": cores,
    }


def tpu(accelerator: str = "tpu-v5-lite-podslice", topology: str = "2x4") -> Node:
    """A node of GKE with a slice of a TPU."""
    prefix = "cloud.google.com/gke-tpu"
    return {f"{prefix}-accelerator": accelerator, f"{prefix}-topology": topology}, {"google.com/tpu": 8}


def ascend(chip: str = "910B3", resource: str = "huawei.com/Ascend910") -> Node:
    """A node with NPUs, as Ascend Device Plugin labels it."""
    general = "huawei-Ascend310P" if chip.startswith("310P") else "huawei-Ascend910"
    return {"accelerator": general, "node.kubernetes.io/npu.chip.name": chip}, {resource: 8}


# One of each kind of node, by a name.
EVERY = {
    "h100": h100(),
    "a100": a100(),
    "a100-old-driver": old_driver(),
    "l4": l4(),
    "t4": t4(),
    "t4-new-spelling": t4("NVIDIA-T4", 15109),
    "t4-sliced": time_sliced(t4()),
    "l4-sliced-renamed": time_sliced(l4(), is_renamed=True),
    "l4-mps": mps(l4()),
    "a100-mig-single": mig_single(a100()),
    "h100-mig-mixed": mig_mixed(h100()),
    "h100-mig-mixed-and-whole": mig_mixed(h100(), whole=4),
    "a100-mig-invalid": mig_invalid(a100()),
    "a100-vgpu": vgpu(),
    "gke-l4": gke(),
    "gke-t4-shared": gke("nvidia-tesla-t4", 8, gpu_sharing_strategy="time-sharing", max_shared_clients_per_gpu="8"),
    "gke-a100-mig": gke("nvidia-tesla-a100", 7, gpu_partition_size="1g.5gb"),
    "karpenter-a100": karpenter_aws(),
    "karpenter-a100-80gb": karpenter_aws("a100", 81920),
    "karpenter-gaudi": karpenter_aws("gaudi-hl-205", 32768, maker="habana"),
    "aks-a100": aks_nap(),
    "mi300x": amd(),
    "mi300x-counters": amd_counters(),
    "mi300x-and-mi210": amd_two_models(),
    "mi300x-cpx": amd_partitioned(),
    "mi300x-cpx-mixed": amd_partitioned(is_mixed=True),
    "mi210": amd("AMD_Instinct_MI210", "740f", "64G"),
    "max-1550": intel(),
    "max-1550-xe": intel(driver="xe"),
    "flex-170-and-graphics": intel_two_models(),
    "gaudi2": gaudi(),
    "gaudi": gaudi(""),
    "inf2": neuron(),
    "trn1": neuron("trn1.32xlarge", 16, 32),
    "tpu-v5e": tpu(),
    "tpu-v6e": tpu("tpu-v6e-slice"),
    "ascend-910b3": ascend(),
    "ascend-310p": ascend("310P3", "huawei.com/Ascend310P"),
    "no-accelerators": ({"node.kubernetes.io/instance-type": "m7i.large"}, {}),
    "unlabelled": ({}, {GPU: 1}),
}

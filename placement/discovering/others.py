"""Gaudi, Neuron, TPU and Ascend: by labels of clouds, of device plugins, and of Node Feature Discovery.

Sources: Amazon EC2 instance types; aws/karpenter-provider-aws pkg/apis/v1/labels.go; GKE's documentation of TPUs;
Ascend Device Plugin (MindCluster), native Kubernetes objects; Node Feature Discovery, PCI devices.
"""

import re
from collections.abc import Callable
from types import MappingProxyType

from placement.discovering.by_labels import Clue, Maker
from placement.discovering.known_hardware import PCI_VENDORS, known_device, known_name
from placement.discovering.naming import hardware_name
from placement.discovering.sights import Sight

_TYPE = "node.kubernetes.io/instance-type"
_BY_AWS = r"(?:karpenter\.k8s\.aws|eks\.amazonaws\.com)/instance-(?:accelerator|gpu)-name"
_TPU = "cloud.google.com/gke-tpu-accelerator"
_CHIP, _ACCELERATOR = "node.kubernetes.io/npu.chip.name", "accelerator"
_CORE, _DEVICES = "aws.amazon.com/neuroncore", ("aws.amazon.com/neuron", "aws.amazon.com/neurondevice")

_FAMILIES = MappingProxyType(
    {
        "dl1": ("habana", "gaudi1"),
        "inf1": ("aws", "inferentia"),
        "inf2": ("aws", "inferentia2"),
        "trn1": ("aws", "trainium"),
        "trn1n": ("aws", "trainium"),
        "trn2": ("aws", "trainium2"),
        "trn2u": ("aws", "trainium2"),
    }
)
_TPUS = MappingProxyType(
    {
        "tpu-v4-podslice": "tpu-v4",
        "tpu-v5-lite-podslice": "tpu-v5e",
        "tpu-v5-lite-device": "tpu-v5e",
        "tpu-v5p-slice": "tpu-v5p",
        "tpu-v6e-slice": "tpu-v6e",
        "tpu-v6e-device": "tpu-v6e",
    }
)


def _pci(vendor: str) -> re.Pattern[str]:
    """Match what Node Feature Discovery says of a vendor's processing accelerators, with the device where it does."""
    return re.compile(
        rf"feature\.node\.kubernetes\.io/pci-(?:1200_)?{PCI_VENDORS[vendor]}(?:_(?P<device>[0-9a-f]{{4}}))?\.present"
    )


def _by_pci(vendor: str, general: str) -> Callable[[str, str], Clue | None]:
    pattern = _pci(vendor)

    def clue(key: str, value: str) -> Clue | None:
        match = pattern.fullmatch(key)
        if not match or value != "true":
            return None
        device = match["device"]
        known = known_device(vendor, device) if device else None
        return Clue(known or (f"device-{device}" if device else general), is_vague=not known)

    return clue


_gaudi_by_pci, _ascend_by_pci = _by_pci("habana", "gaudi"), _by_pci("huawei", "ascend")


def _by_type(vendor: str, key: str, value: str) -> Clue | None:
    family = _FAMILIES.get(value.partition(".")[0])
    is_mine = key == _TYPE and family and family[0] == vendor
    return Clue(family[1]) if is_mine and family else None


def _gaudi(key: str, value: str) -> Clue | None:
    known = known_name("habana", value) if re.fullmatch(_BY_AWS, key) else None
    return Clue(known) if known else _by_type("habana", key, value) or _gaudi_by_pci(key, value)


def _neuron(key: str, value: str) -> Clue | None:
    is_named = re.fullmatch(_BY_AWS, key) and value.lower().startswith(("inferentia", "trainium"))
    return Clue(hardware_name("aws", value)) if is_named else _by_type("aws", key, value)


def _tpu(_key: str, value: str) -> Clue | None:
    return Clue(_TPUS.get(value) or hardware_name("google", value))


def _ascend(key: str, value: str) -> Clue | None:
    if key == _CHIP:
        return Clue(hardware_name("huawei", f"ascend-{value}"))
    if key == _ACCELERATOR:
        is_named = value.lower().startswith("huawei-ascend")
        return Clue(hardware_name("huawei", value), is_vague=True) if is_named else None
    return _ascend_by_pci(key, value)


def _ascend_resource(hardware: str) -> str:
    return "huawei.com/Ascend310P" if hardware.startswith("ascend-310") else "huawei.com/Ascend910"


def _cores(sight: Sight, resource: str) -> int:
    """Return how many cores make one device, where the node offers both."""
    held = sight.node.allocatable
    devices = max((held.get(name, 0) for name in _DEVICES), default=0)
    is_even = resource == _CORE and devices > 0 and held[resource] % devices == 0
    return held[resource] // devices if is_even else 1


HABANA = Maker(
    "habana",
    (re.compile(_BY_AWS), _pci("habana"), re.compile(re.escape(_TYPE))),
    _gaudi,
    re.compile(r"habana\.ai/gaudi"),
    lambda _: "habana.ai/gaudi",
    "let Node Feature Discovery label it with the PCI devices that it has (pci-1200_1da3.present)",
)
NEURON = Maker(
    "aws",
    (re.compile(_BY_AWS), re.compile(re.escape(_TYPE))),
    _neuron,
    re.compile(r"aws\.amazon\.com/neuron(?:core|device)?"),
    lambda _: _DEVICES[0],
    f"label it with {_TYPE}, as clouds do",
    quantity=_cores,
)
TPU = Maker(
    "google",
    (re.compile(re.escape(_TPU)),),
    _tpu,
    re.compile(r"google\.com/tpu"),
    lambda _: "google.com/tpu",
    f"label it with {_TPU}, as GKE does",
)
ASCEND = Maker(
    "huawei",
    (re.compile(re.escape(_CHIP)), re.compile(_ACCELERATOR), _pci("huawei")),
    _ascend,
    re.compile(r"huawei\.com/(?:npu|ascend-?\d+[a-z]?\d?)", re.IGNORECASE),
    _ascend_resource,
    f"label it with {_CHIP}, as Ascend Device Plugin does",
)

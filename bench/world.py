"""The cluster in which admission is measured: nodes of 50 classes, and 200 profiles.

Ten of the twenty workloads of `bench.pods` have a profile that matches them.
"""

import json
from typing import Any

from cluster.custom_objects import accelerator_class, profile
from placement.accelerators import AcceleratorClass, Catalog
from placement.asking.profiles import Profile
from placement.inventory import NodeInventory
from placement.taints import Taint

Json = dict[str, Any]

CLASSES, PROFILES = 50, 200


def _class(number: int) -> AcceleratorClass:
    vendor = "amd" if number % 5 == 4 else "nvidia"
    memory_gib = 16 * (1 + number % 12)
    spec = {
        "vendor": vendor,
        "family": f"family-{number % 6}",
        "discovery": {"nodeSelector": {f"{vendor}.com/gpu.product": f"PRODUCT-{number:02}"}},
        "capabilities": {
            "memoryGB": f"{memory_gib}Gi",
            "computeCapability": f"{7 + number % 4}.0",
            "memoryBandwidthGBps": memory_gib * 40,
            "features": ["fp8", "nvlink"] if number % 2 else ["fp8"],
            "performance": {"fp16TFLOPS": memory_gib * 10},
        },
        "resources": [{"name": f"{vendor}.com/gpu"}],
        "cost": {"perHour": f"{0.4 + 0.1 * number:.2f}"},
    }
    return accelerator_class(_text({"metadata": {"name": f"{vendor}-{number:02}"}, "spec": spec}))


def _text(content: Json) -> bytes:
    return json.dumps(content).encode()


CATALOG = Catalog({each.name: each for each in map(_class, range(CLASSES))})
_NAMES = tuple(CATALOG.classes)


def nodes(count: int) -> list[NodeInventory]:
    """Return nodes of eight devices, the classes in turn, labelled and tainted as providers do."""
    return [_node(number, CATALOG.classes[_NAMES[number % CLASSES]]) for number in range(count)]


def _node(number: int, carried: AcceleratorClass) -> NodeInventory:
    name = f"node-{number:05}.pool.example.internal"
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}
    places = {f"topology.kubernetes.io/{part}": f"{part}-{number % 3}" for part in ("region", "zone")}
    resource = carried.resources[0].name
    return NodeInventory(
        name,
        {**labels, **places, **carried.selection.labels},
        taints=(Taint(resource, "present"),),
        allocatable={"cpu": 96_000, "memory": 2**40, "pods": 110, resource: 8},
    )


def _profile(number: int) -> Profile:
    """Return the profile of one service; workloads are the services below 20, and have one where they are even."""
    service = number * 2 if number < 10 else 1000 + number
    requirements: Json = {
        "excludedClasses": [_NAMES[number % CLASSES]],
        "requiredCapabilities": {"memoryGB": "40Gi"},
        "preferredClasses": [_NAMES[(number * 7 + i) % CLASSES] for i in range(3)] if number % 2 else [],
    }
    if number % 3 == 0:
        requirements["supportedClasses"] = [_NAMES[(number + i * 3) % CLASSES] for i in range(20)]
    spec = {
        "podSelector": {"matchLabels": {"app": f"service-{service}"}},
        "acceleratorRequirements": requirements,
        "acceleratorConfigurations": [_configuration(name) for name in _NAMES],
    }
    return profile(_text({"metadata": {"name": f"profile-{number:03}"}, "spec": spec}))


def _configuration(name: str) -> Json:
    return {
        "selector": {"acceleratorClass": name},
        "env": [{"name": "NCCL_DEBUG", "value": "WARN"}, {"name": "BERTH_CLASS", "value": name}],
        "resources": {"requests": {"memory": "120Gi"}},
        "runner": {"args": ["--enable-prefix-caching", "--max-num-seqs=256"]},
    }


PROFILED = tuple(map(_profile, range(PROFILES)))

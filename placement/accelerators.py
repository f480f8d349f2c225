"""Accelerator classes: the kinds of hardware that a pod can ask for, and the catalog of those that a cluster knows."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from placement.label_selectors import EVERYTHING, Labels, LabelSelector
from placement.selection import NodeSelection
from placement.selection_index import SelectionIndex
from placement.shares import SHARES
from placement.taints import Toleration

MAX_CLASS_NAME = 63

# What a class of this vendor offers when its author lists no resources.
_VENDOR_RESOURCES = {
    "nvidia": "nvidia.com/gpu",
    "amd": "amd.com/gpu",
    "intel": "gpu.intel.com/i915",
    "habana": "habana.ai/gaudi",
    "aws": "aws.amazon.com/neuron",
    "google": "google.com/tpu",
}
# Partitions are advertised under names of their own, on nodes that carry the taint of the whole device.
_TAINT_KEYS = {"nvidia.com/mig-": "nvidia.com/gpu"}

Version = tuple[int, ...]


def version(text: str) -> Version:
    """Return a dotted version as numbers, so that 10.0 is above 9.0, and 9 is 9.0; raises ValueError."""
    try:
        parts = tuple(int(part) for part in text.strip().split("."))
    except ValueError:
        raise ValueError(f"{text!r} is no version: write numbers with dots, like 9.0") from None
    return parts if len(parts) > 1 else (*parts, 0)


class Figure(StrEnum):
    """What can be stated in numbers beside the memory, by its unit; rates are peaks without sparsity."""

    BANDWIDTH = "GB/s of memory bandwidth"
    CLOCK = "MHz"
    FP32 = "TFLOPS at fp32"
    FP16 = "TFLOPS at fp16"
    FP8 = "TFLOPS at fp8"
    INT8 = "TOPS at int8"
    INT4 = "TOPS at int4"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one accelerator can do; None, empty and absent mean unknown."""

    memory_gib: float | None = None
    compute_capability: Version | None = None
    features: frozenset[str] = frozenset()
    figures: Mapping[Figure, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceResource:
    """A resource name under which a class's devices are asked for, and how many make one accelerator."""

    name: str
    quantity: int = 1
    divisible: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """Prices in USD per hour and accelerator; None means unknown."""

    per_hour: float | None = None
    spot_per_hour: float | None = None
    tier: str = ""

    def price(self, *, on_spot: bool) -> float | None:
        """Return what an hour costs, at the spot price where that will do and is known."""
        return self.spot_per_hour if on_spot and self.spot_per_hour is not None else self.per_hour


@dataclass(frozen=True)
class AcceleratorClass:
    """A kind of hardware: which nodes carry it, what it can do, and under which names it is asked for.

    `kueue_flavor` names Kueue's ResourceFlavor for the same nodes (empty: none).
    """

    name: str
    selection: NodeSelection
    vendor: str = ""
    family: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    listed_resources: tuple[DeviceResource, ...] = ()
    listed_tolerations: tuple[Toleration, ...] = ()
    cost: Cost = field(default_factory=Cost)
    allowed_namespaces: frozenset[str] | None = None
    scalable_from_zero: bool = False
    namespaces: LabelSelector = EVERYTHING
    kueue_flavor: str = ""

    @cached_property
    def resources(self) -> tuple[DeviceResource, ...]:
        """The alternatives under which a pod may ask for it: the author's list, or else the vendor's usual one."""
        usual = _VENDOR_RESOURCES.get(self.vendor.lower())
        return self.listed_resources or ((DeviceResource(usual),) if usual else ())

    @cached_property
    def resource_names(self) -> frozenset[str]:
        """The names of its resources."""
        return frozenset(each.name for each in self.resources)

    @cached_property
    def tolerations(self) -> tuple[Toleration, ...]:
        """The author's tolerations, and one for the taint that by convention bears the name of the resource.

        The convention is that of the admission plugin ExtendedResourceToleration, which most clusters do not run.
        """
        keys = dict.fromkeys(taint_key(each.name) for each in self.resources)
        usual = (Toleration(key, "Exists", effect="NoSchedule") for key in keys)
        added = tuple(each for each in usual if not any(mine.covers(each) for mine in self.listed_tolerations))
        return self.listed_tolerations + added

    @cached_property
    def digest(self) -> str:
        """A short text that identifies everything that it says, the same in every process."""
        return sha256(json.dumps(asdict(self), sort_keys=True, default=sorted).encode()).hexdigest()[:12]

    def carried_by(self, labels: Mapping[str, str], node: str) -> bool:
        """Tell whether the node of that name with these labels carries this class; an empty selection carries none."""
        return self.selects and self.selection.admits(labels, node)

    @property
    def selects(self) -> bool:
        """Whether the author said anything about its nodes."""
        return bool(self.selection.labels or self.selection.terms)

    def is_of(self, families: frozenset[str]) -> bool:
        """Tell whether it belongs to one of the families, each named alone or with its vendor."""
        names = {self.family.lower(), f"{self.vendor}-{self.family}".lower()} if self.family else set()
        return not names.isdisjoint(each.lower() for each in families)

    def usable_in(self, namespace: str, labels: Labels) -> bool:
        """Tell whether pods of the namespace with these labels may use it."""
        is_listed = self.allowed_namespaces is None or namespace in self.allowed_namespaces
        return is_listed and self.namespaces.selects(labels)


def taint_key(resource: str) -> str:
    """Return the taint key that by convention guards nodes which offer the resource."""
    return next((key for prefix, key in _TAINT_KEYS.items() if resource.startswith(prefix)), resource)


@dataclass(frozen=True)
class Catalog:
    """The valid classes that a cluster knows, by name."""

    classes: Mapping[str, AcceleratorClass] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, in order."""
        return tuple(sorted(self.classes))

    @cached_property
    def resource_names(self) -> frozenset[str]:
        """Every resource name under which some class is asked for."""
        return frozenset().union(*(each.resource_names for each in self.classes.values()))

    def carried_by(self, labels: Mapping[str, str], node: str) -> tuple[str, ...]:
        """Return the names, in order, of the classes that a node carries: classes are views, and may overlap."""
        candidates = self._index.candidates(labels)
        return tuple(sorted(name for name in candidates if self.classes[name].carried_by(labels, node)))

    def accelerators(self, requests: Mapping[str, int]) -> dict[str, int]:
        """Return the part of a pod's requests that some class knows, and shares, which any class may be had in."""
        known = self.resource_names | {SHARES}
        return {name: count for name, count in requests.items() if count > 0 and name in known}

    def only(self, names: AbstractSet[str]) -> "Catalog":
        """Return the classes of these names, as far as it knows them."""
        return Catalog({name: each for name, each in self.classes.items() if name in names})

    def without(self, other: "Catalog") -> "Catalog":
        """Return the classes that the other one does not know, or knows as something else."""
        known = other.classes
        return Catalog({name: each for name, each in self.classes.items() if known.get(name) != each})

    @cached_property
    def _index(self) -> SelectionIndex:
        return SelectionIndex({name: each.selection for name, each in self.classes.items()})

"""What the labels of one node say of one kind of its devices, and the class that is made of what many nodes say."""

from collections.abc import Mapping
from dataclasses import dataclass

from placement.accelerators import AcceleratorClass, DeviceResource, Figure, Version
from placement.selection import Expression
from placement.taints import Toleration

Labels = Mapping[str, str]
View = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of one accelerator; None and empty mean unknown.

    `pci_vendor` and `pci_devices` are four hexadecimal digits each. `figures` are peaks without sparsity.
    """

    vendor: str
    family: str = ""
    model: str = ""
    memory_gib: float | None = None
    compute_capability: Version | None = None
    features: frozenset[str] = frozenset()
    figures: frozenset[tuple[Figure, float]] = frozenset()
    pci_vendor: str = ""
    pci_devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One kind of device that a node has; nodes that say the same of it have equal readings.

    `name` is that of its class, and empty where no class can be made of it: such a reading keeps others off its node.
    `anchors` are the conditions by which it was recognised. `labels` are all labels of the node on which the names of
    its readings depend, the most telling first; of a label whose value does not matter it is empty.
    """

    name: str
    labels: View
    traits: Traits
    anchors: tuple[Expression, ...] = ()
    resources: tuple[DeviceResource, ...] = ()
    tolerations: tuple[Toleration, ...] = ()

    def order(self) -> tuple[object, ...]:
        """Return what puts readings in an order that depends on what they say alone."""
        traits = self.traits
        facts = (traits.family, traits.model, traits.memory_gib or 0, traits.compute_capability or ())
        many = (sorted(traits.features), sorted(traits.figures), repr((self.anchors, self.resources, self.tolerations)))
        return (self.name, self.labels, *facts, *many)


# What a vendor's module finds on a node: readings, and problems in sentences about the node.
Finding = Reading | str


@dataclass(frozen=True)
class DiscoveredClass:
    """A class as discovery makes it, the readings that it is made of, and what these contradict each other in."""

    accelerator_class: AcceleratorClass
    model: str = ""
    pci_vendor: str = ""
    pci_devices: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.accelerator_class.name

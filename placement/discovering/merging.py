"""One class of what many nodes say: what all of them have, and where they contradict each other."""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import chain, groupby
from operator import and_, attrgetter
from typing import TypeVar

from placement.accelerators import AcceleratorClass, Capabilities, DeviceResource
from placement.discovering.readings import DiscoveredClass, Reading, Traits
from placement.selection import NodeSelection
from placement.taints import Toleration

T = TypeVar("T")


def merged(name: str, selection: NodeSelection, readings: tuple[Reading, ...]) -> DiscoveredClass:
    """Return the class of these readings, at least one, with what is true of each of their nodes."""
    traits = tuple(each.traits for each in readings)
    first = traits[0]
    accelerator_class = AcceleratorClass(
        name,
        selection,
        first.vendor,
        _agreed(traits, attrgetter("family"), ""),
        Capabilities(
            _least(traits, attrgetter("memory_gib")),
            _least(traits, attrgetter("compute_capability")),
            reduce(and_, (each.features for each in traits)),
            dict(sorted(reduce(and_, (each.figures for each in traits)))),
        ),
        _resources(readings),
        _tolerations(readings),
    )
    return DiscoveredClass(
        accelerator_class, first.model, first.pci_vendor, first.pci_devices, readings, tuple(_problems(traits))
    )


def _resources(readings: tuple[Reading, ...]) -> tuple[DeviceResource, ...]:
    """Return all names under which nodes offer it, one each, with the most that some node says make one device."""
    found = {*chain.from_iterable(each.resources for each in readings)}
    ordered = sorted(found, key=lambda each: (each.name, -each.quantity))
    return tuple(next(alike) for _, alike in groupby(ordered, attrgetter("name")))


def _tolerations(readings: tuple[Reading, ...]) -> tuple[Toleration, ...]:
    return tuple(sorted({*chain.from_iterable(each.tolerations for each in readings)}, key=repr))


def _least(traits: tuple[Traits, ...], of: Callable[[Traits], T | None]) -> T | None:
    """Return the least of what is known, which is what every node has."""
    known = [value for each in traits if (value := of(each)) is not None]
    return min(known, default=None)  # type: ignore[type-var]


def _agreed(traits: tuple[Traits, ...], of: Callable[[Traits], T], nothing: T) -> T:
    """Return the one value that is known, or nothing where there are several."""
    known = {value for each in traits if (value := of(each))}
    return known.pop() if len(known) == 1 else nothing


def _problems(traits: tuple[Traits, ...]) -> Iterator[str]:
    sizes = sorted({each.memory_gib for each in traits if each.memory_gib is not None})
    if len(sizes) > 1:
        yield f"its nodes report {' and '.join(f'{size:g}' for size in sizes)} GiB of memory: the least is believed"
    families = sorted({each.family for each in traits if each.family})
    if len(families) > 1:
        yield f"its nodes report the families {', '.join(families)}: none is believed"

"""From nodes to readings, and from readings to classes: the whole of discovery.

classes_of({reading for node in nodes for reading in read(node)}) are the classes of these nodes.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from operator import attrgetter

from placement.discovering import nvidia
from placement.discovering.amd import AMD
from placement.discovering.intel import INTEL
from placement.discovering.merging import merged
from placement.discovering.others import ASCEND, HABANA, NEURON, TPU
from placement.discovering.readings import DiscoveredClass, Finding, Labels, Reading
from placement.discovering.selecting import Views, selection_of
from placement.discovering.sights import Find, Sight
from placement.inventory import NodeInventory

_VENDORS: tuple[tuple[str, Callable[[Labels], Labels], Find], ...] = (
    (nvidia.VENDOR, nvidia.view, nvidia.find),
    *((maker.vendor, maker.view, maker.find) for maker in (AMD, INTEL, HABANA, NEURON, TPU, ASCEND)),
)


def examine(node: NodeInventory) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """Return what a node says of each kind of device that it has, and what stands against understanding that.

    The latter in sentences that do not name the node. Never raises, whatever the node's labels and amounts.
    """
    found = tuple(_findings(node))
    return tuple(each for each in found if isinstance(each, Reading)), tuple(
        each for each in found if isinstance(each, str)
    )


def read(node: NodeInventory) -> tuple[Reading, ...]:
    """Return what a node says of each kind of device that it has."""
    return examine(node)[0]


def problems(node: NodeInventory) -> tuple[str, ...]:
    """Return what stands against understanding a node's devices."""
    return examine(node)[1]


def classes_of(readings: Collection[Reading]) -> tuple[DiscoveredClass, ...]:
    """Return a class for each kind of hardware in each form, by name.

    Each selects exactly the nodes that it was read from, among those that were read, as far as their labels tell them
    apart. The order of readings does not matter, and a class keeps its name whatever other readings there are; its
    selection has no more conditions than the other readings need.
    """
    ordered = sorted({*readings}, key=Reading.order)
    views = Views(ordered)
    named = groupby((each for each in ordered if each.name), attrgetter("name"))
    return tuple(_class(name, tuple(mine), views) for name, mine in named)


def _class(name: str, readings: tuple[Reading, ...], views: Views) -> DiscoveredClass:
    return merged(name, selection_of(readings, views), readings)


def _findings(node: NodeInventory) -> Iterator[Finding]:
    for vendor, view, find in _VENDORS:
        sight = Sight(node, vendor, view(node.labels))
        found = tuple(find(sight))
        yield from found
        if sight.view and not any(isinstance(each, Reading) for each in found):
            yield sight.unclassed

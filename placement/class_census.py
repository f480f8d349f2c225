"""The census: what every class has, kept from one snapshot of the nodes to the next at the cost of what changed."""

from dataclasses import dataclass, field
from heapq import nsmallest

from placement.accelerators import AcceleratorClass, Catalog
from placement.class_counts import ClassCounts, NodeCount, Standing, node_count
from placement.inventory import Inventory

# An object of the API has at most 1.5 MB, and the first names tell people where to look.
MOST_NAMES = 100


class ClassCensus:
    """What each class of a catalog has, as of the last inventory that it followed."""

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._inventory = Inventory()
        self._tallies: dict[str, _Tally] = {}

    def of(self, name: str) -> ClassCounts | None:
        """Return what a class has, or None where the catalog has no class of that name."""
        tally = self._tallies.get(name)
        return tally.counts if tally else None

    def follow(self, inventory: Inventory, catalog: Catalog) -> set[str]:
        """Count what changed, and return the classes that have something else by now.

        The nodes of an inventory say which classes of that catalog they carry.
        """
        edited = self._use(catalog) if catalog is not self._catalog else []
        changed = set[str]()
        for name in inventory.names_changed_since(self._inventory):
            changed |= self._recount(name, inventory)
        self._inventory = inventory
        return changed | {each.name for each in edited if self._recount_all(each)}

    def _use(self, catalog: Catalog) -> list[AcceleratorClass]:
        """Take up a catalog, and return the classes that say something else of themselves than before."""
        before, self._catalog = self._catalog.classes, catalog
        self._tallies = {name: self._tallies.get(name) or _Tally() for name in catalog.classes}
        return [each for name, each in catalog.classes.items() if name in before and before[name] != each]

    def _recount(self, name: str, inventory: Inventory) -> set[str]:
        """Count a node for the classes that it carried or carries, and return those for which it counts otherwise."""
        before, node = self._inventory.nodes.get(name), inventory.nodes.get(name)
        carried = [each for each in node.classes if each in self._tallies] if node else []
        left = set(before.classes).difference(carried) & self._tallies.keys() if before else set[str]()
        changed = {each for each in left if self._tallies[each].drop(name)}
        if node:
            classes = self._catalog.classes
            changed |= {each for each in carried if self._tallies[each].put(name, node_count(node, classes[each]))}
        return changed

    def _recount_all(self, edited: AcceleratorClass) -> bool:
        tally, nodes = self._tallies[edited.name], self._inventory.nodes
        return True in {tally.put(name, node_count(nodes[name], edited)) for name in tally.names}


@dataclass
class _Tally:
    """What the nodes of one class add up to, kept as they change."""

    _nodes: dict[str, NodeCount] = field(default_factory=dict)
    _standing: dict[Standing, int] = field(default_factory=lambda: dict.fromkeys(Standing, 0))
    _total: int = 0
    _free: int = 0
    _available: int = 0
    _counts: ClassCounts | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes of the class."""
        return tuple(self._nodes)

    @property
    def counts(self) -> ClassCounts:
        """The same as a value."""
        if self._counts is None:
            usable = (name for name, each in self._nodes.items() if each.standing is Standing.AVAILABLE)
            names, held = tuple(nsmallest(MOST_NAMES, usable)), self._total - self._free
            self._counts = ClassCounts(names, dict(self._standing), self._total, held, self._available)
        return self._counts

    def put(self, name: str, count: NodeCount) -> bool:
        """Count a node, and tell whether it counts otherwise than before."""
        if self._nodes.get(name) == count:
            return False
        self.drop(name)
        self._nodes[name] = count
        self._add(count, 1)
        return True

    def drop(self, name: str) -> bool:
        """Count a node no longer, and tell whether it was."""
        count = self._nodes.pop(name, None)
        if count:
            self._add(count, -1)
        return count is not None

    def _add(self, count: NodeCount, sign: int) -> None:
        self._standing[count.standing] += sign
        self._total += sign * count.total
        self._free += sign * count.free
        self._available += sign * count.available
        self._counts = None

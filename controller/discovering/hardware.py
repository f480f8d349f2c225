"""The hardware that the nodes show, kept true by reading those that changed."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from placement.class_conflicts import likeness
from placement.discovering.discovery import classes_of, examine
from placement.discovering.readings import DiscoveredClass, Reading
from placement.inventory import Inventory, NodeInventory

K = TypeVar("K")


class Hardware:
    """What the nodes of an inventory show: `classes` by name, and the `problems` of nodes in sentences.

    Nodes that say the same are read alike, so classes are made anew only when a node is the first to say something, or
    was the last.
    """

    def __init__(self) -> None:
        self.classes: Mapping[str, DiscoveredClass] = {}
        self.problems: dict[str, tuple[str, ...]] = {}
        self._inventory = Inventory()
        self._readings: dict[str, tuple[Reading, ...]] = {}
        self._showing: Counter[Reading] = Counter()
        self._carriers: Counter[str] = Counter()
        self._names_like: dict[Hashable, list[str]] = {}
        self._is_new = False

    def changes(self, inventory: Inventory) -> list[str]:
        """Return the names of the nodes that are to be read anew, and have the inventory be the one to read."""
        before, self._inventory = self._inventory, inventory
        names = inventory.names_changed_since(before)
        return [name for name in names if not _says_the_same(before.nodes.get(name), inventory.nodes.get(name))]

    def read(self, names: Iterable[str]) -> set[str]:
        """Read nodes; return the classes of which more or fewer nodes have the hardware."""
        touched: set[str] = set()
        for name in names:
            node = self._inventory.nodes.get(name)
            readings, found = examine(node) if node else ((), ())
            touched |= self._put(name, readings)
            self._note(name, found)
        return touched

    def settle(self) -> set[str]:
        """Make the classes of what was read; return the names of those that came, went or are others."""
        if not self._is_new:
            return set()
        self._is_new = False
        before = self.classes
        self.classes = {each.name: each for each in classes_of(self._showing.keys())}
        self._names_like = {}
        for name, each in self.classes.items():
            self._names_like.setdefault(likeness(each.accelerator_class), []).append(name)
        return {name for name in {*before, *self.classes} if before.get(name) != self.classes.get(name)}

    def names_like(self, selected: Hashable) -> Sequence[str]:
        """Return the classes that select this."""
        return self._names_like.get(selected, ())

    def count(self, name: str) -> int:
        """Return how many nodes have the hardware of a class."""
        return self._carriers[name]

    def _put(self, node: str, readings: tuple[Reading, ...]) -> set[str]:
        before = self._readings.pop(node, ())
        if readings:
            self._readings[node] = readings
        if before == readings:
            return set()
        self._is_new |= _replace(self._showing, {*before}, {*readings})
        had, has = ({each.name for each in those} for those in (before, readings))
        _replace(self._carriers, had, has)
        return had ^ has

    def _note(self, node: str, found: tuple[str, ...]) -> None:
        self.problems.pop(node, None)
        if found:
            self.problems[node] = found


def _says_the_same(before: NodeInventory | None, after: NodeInventory | None) -> bool:
    """Tell whether a node has the labels, taints and amounts that it had, which are all that is read of it."""
    if before is None or after is None:
        return before is after
    was, now = ((each.labels, each.taints, each.allocatable) for each in (before, after))
    return was == now


def _replace(counts: Counter[K], before: AbstractSet[K], after: AbstractSet[K]) -> bool:
    """Count what a node shows instead of what it showed; tell whether it was the only one to show something."""
    came = [each for each in after - before if each not in counts]
    counts.update(after - before)
    counts.subtract(before - after)
    gone = [each for each in before - after if not counts[each]]
    for each in gone:
        del counts[each]
    return bool(came or gone)

"""Classes that select the same nodes and contradict each other in what these can do.

Overlap is legal, and classes that select by other words are never compared: a class may be a part of another one. Of
two that select the same in the same words at most one can be true.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from placement.accelerators import AcceleratorClass, Catalog, Figure
from placement.devices import is_part_of_device
from placement.selection import Expression
from placement.shares import SHARES

# So many of those that contradict a class in one respect are named.
MOST_NAMED = 3

# 81,559 MiB are an 80 GB card, and data sheets round: numbers that are as close say the same.
TOLERANCE = 1.1

_Names = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """In what respect another class says something else, and what each of the two says."""

    other: str
    aspect: str
    mine: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.aspect}: {self.mine} here, {self.theirs} in {self.other}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """In what a class and others that select the same nodes contradict each other; the first few of each respect."""

    differences: tuple[Difference, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The others that are named, in order."""
        return tuple(sorted({each.other for each in self.differences}))

    def __str__(self) -> str:
        said = "; ".join(map(str, self.differences))
        return f"It selects the same nodes as {', '.join(self.names)}, and they contradict each other: {said}."


class ClassConflicts:
    """The conflicts of a catalog; of the next one only what changed is compared anew."""

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._groups: dict[Hashable, dict[str, AcceleratorClass]] = {}
        self._found: dict[str, Conflict] = {}

    def __len__(self) -> int:
        return len(self._found)

    def of(self, name: str) -> Conflict | None:
        """Return the conflict that a class is in, or None."""
        return self._found.get(name)

    def follow(self, catalog: Catalog) -> set[str]:
        """Compare what changed, and return the classes whose conflict is another one, or none any longer."""
        before, after = self._catalog.classes, catalog.classes
        self._catalog = catalog
        gone = [each for name, each in before.items() if after.get(name) != each]
        came = [each for name, each in after.items() if before.get(name) != each]
        touched = {self._leave(each) for each in gone} | {self._join(each) for each in came}
        members = {each.name for each in gone}.union(*(self._groups.get(each, ()) for each in touched))
        found = [conflicts_among(self._groups.get(each, {}).values()) for each in touched]
        told = {name: self._found.pop(name, None) for name in members}
        for each in found:
            self._found |= each
        return {name for name in members if self._found.get(name) != told[name]}

    def _leave(self, gone: AcceleratorClass) -> Hashable:
        key = likeness(gone)
        group = self._groups[key]
        del group[gone.name]
        if not group:
            del self._groups[key]
        return key

    def _join(self, came: AcceleratorClass) -> Hashable:
        key = likeness(came)
        self._groups.setdefault(key, {})[came.name] = came
        return key


def conflicts_among(group: Collection[AcceleratorClass]) -> dict[str, Conflict]:
    """Return the conflicts of classes that select the same nodes, by name; their order does not matter."""
    if len(group) == 1:
        return {}
    found: dict[str, list[Difference]] = {}
    for aspect in _ASPECTS:
        for name, difference in _differences(aspect, group):
            found.setdefault(name, []).append(difference)
    return {name: Conflict(tuple(each)) for name, each in found.items()}


def likeness(each: AcceleratorClass) -> Hashable:
    """Return what classes have in common that speak of the same devices; one that selects nothing is alone.

    Slices of different sizes on the same nodes (MIG) are different devices.
    """
    if not each.selects:
        return each.name
    terms = ((_meaning(term.expressions), _meaning(term.fields)) for term in each.selection.as_terms())
    names = each.resource_names - {SHARES}
    return frozenset(terms), names if all(map(is_part_of_device, names)) else frozenset()


def _meaning(expressions: Iterable[Expression]) -> Hashable:
    return frozenset((each.key, each.operator, frozenset(each.values)) for each in expressions)


@dataclass(frozen=True, slots=True)
class _Aspect:
    """In what classes can contradict each other: what one states, None for nothing, and how that is told.

    `reach` is the largest value that a stated one does not contradict.
    """

    name: str
    stated: Callable[[AcceleratorClass], Any]
    text: Callable[[Any], str] = str
    reach: Callable[[Any], Any] = lambda value: value


def _tolerated(value: float) -> float:
    return value * TOLERANCE


def _of_figure(figure: Figure) -> _Aspect:
    return _Aspect(figure.value, lambda each: each.capabilities.figures.get(figure), "{:g}".format, _tolerated)


_ASPECTS = (
    _Aspect("vendor", lambda each: each.vendor.casefold() or None),
    _Aspect("family", lambda each: each.family.casefold() or None),
    _Aspect("memory", lambda each: each.capabilities.memory_gib, "{:g} GiB".format, _tolerated),
    _Aspect(
        "compute capability",
        lambda each: each.capabilities.compute_capability,
        lambda version: ".".join(map(str, version)),
    ),
    *map(_of_figure, Figure),
)


def _differences(aspect: _Aspect, group: Iterable[AcceleratorClass]) -> Iterator[tuple[str, Difference]]:
    """Yield each class that some others contradict in a respect, with the first of them.

    Sorted by what they state, the others stand at both ends, so that nothing is compared two by two.
    """
    stated = sorted((value, each.name) for each in group if (value := aspect.stated(each)) is not None)
    values = [value for value, _ in stated]
    reaches = [aspect.reach(value) for value in values]
    below, above = _first_names(stated), _first_names(stated[::-1])
    for value, name in stated:
        less = below[bisect_left(reaches, value)]
        more = above[len(stated) - bisect_right(values, aspect.reach(value))]
        for other, theirs in sorted([*less, *more])[:MOST_NAMED]:
            yield name, Difference(other, aspect.name, aspect.text(value), aspect.text(theirs))


def _first_names(stated: Sequence[tuple[Any, str]]) -> list[_Names]:
    """Return the first names, with what they state, among the first none, one, two, … of a sequence."""

    def with_next(first: _Names, each: tuple[Any, str]) -> _Names:
        return tuple(sorted([*first, each[::-1]])[:MOST_NAMED])

    nobody: _Names = ()
    return list(accumulate(stated, with_next, initial=nobody))

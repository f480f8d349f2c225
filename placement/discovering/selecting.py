"""How a class selects its nodes: by the labels that identify them, and as many more as the other nodes make needed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from placement.discovering.readings import Labels, Reading, View
from placement.discovering.sights import condition
from placement.selection import Expression, NodeSelection, Operator, Term

# The most that the definition of AcceleratorClass takes.
MAX_TERMS, MAX_VALUES = 16, 64


class Views:
    """The labels of all nodes as their readings have them, found by one of them, and the classes that they carry."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._names: dict[tuple[str, View], set[str]] = {}
        self._labels: dict[tuple[str, str, str], dict[View, Labels]] = {}
        for each in readings:
            vendor = each.traits.vendor
            self._names.setdefault((vendor, each.labels), set()).add(each.name)
            for key, value in each.labels:
                self._labels.setdefault((vendor, key, value), {})[each.labels] = dict(each.labels)

    def mistakable(self, reading: Reading) -> Iterator[Labels]:
        """Yield the labels of nodes that could be taken for those of a reading by its first condition."""
        vendor, first = reading.traits.vendor, reading.anchors[0]
        alike = self._labels.get((vendor, first.key, first.values[0] if first.values else ""), {})
        return (labels for view, labels in alike.items() if reading.name not in self._names[vendor, view])


def selection_of(readings: Iterable[Reading], views: Views) -> NodeSelection:
    """Return what selects the nodes of these readings and no others: plain labels, where these will do.

    Nodes with the same labels cannot be told apart, and are selected together.
    """
    terms = dict.fromkeys(_narrowed(each, views.mistakable(each)) for each in readings)
    joined = tuple(_joined(_needed(terms)))[:MAX_TERMS]
    plain = _plain(joined)
    return NodeSelection(plain) if plain else NodeSelection({}, joined)


def _needed(terms: Iterable[Term]) -> Iterator[Term]:
    """Yield terms without those that say more than another one of the same first condition."""
    alike: dict[Expression, list[Term]] = {}
    for term in terms:
        alike.setdefault(term.expressions[0], []).append(term)
    for same in alike.values():
        yield from (term for term in same if not any(term != other and term.implies(other) for other in same))


def _narrowed(reading: Reading, others: Iterable[Labels]) -> Term:
    """Return the conditions by which a reading was recognised, and those that keep the others out."""
    term = Term(reading.anchors)
    for labels in others:
        if term.admits(labels, ""):
            term &= Term(_distinction(reading, labels))
    return term


def _distinction(reading: Reading, labels: Labels) -> tuple[Expression, ...]:
    """Return a condition that the reading's node meets, and a node with these labels does not."""
    mine = dict(reading.labels)
    differing = (condition(key, value) for key, value in mine.items() if labels.get(key) != value)
    absent = (Expression(key, Operator.DOES_NOT_EXIST) for key in labels if key not in mine)
    return tuple(islice(chain(differing, absent), 1))


def _joined(terms: Iterable[Term]) -> Iterator[Term]:
    """Yield terms that differ in the value of their first label alone as one, with all the values."""
    values: dict[tuple[Expression, ...], list[str]] = {}
    for term in terms:
        first, *rest = term.expressions
        is_joinable = first.operator is Operator.IN
        alike = (replace(first, values=()) if is_joinable else first, *rest)
        values.setdefault(alike, []).extend(first.values if is_joinable else ())
    for (first, *rest), found in values.items():
        listed = sorted({*found})
        for start in range(0, max(len(listed), 1), MAX_VALUES):
            yield Term((replace(first, values=tuple(listed[start : start + MAX_VALUES])) if listed else first, *rest))


def _plain(terms: tuple[Term, ...]) -> Labels:
    """Return the labels of a single term that compares each with one value; none where there is more to say."""
    expressions = terms[0].expressions if len(terms) == 1 else ()
    is_plain = all(each.operator is Operator.IN and len(each.values) == 1 for each in expressions)
    return {each.key: each.values[0] for each in expressions} if is_plain else {}

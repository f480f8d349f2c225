"""What about a selection of nodes can hardly be meant: values that exclude each other, labels that no node has."""

from collections.abc import Iterator

from placement.inventory import Inventory
from placement.linting.findings import nearest
from placement.selection import Expression, NodeSelection, Operator

# Keys of one vendor are much alike, and mean different things.
_LIKE_A_KEY = 0.85
_NEEDS_A_LABEL = (Operator.IN, Operator.EXISTS, Operator.GT, Operator.LT)


def contradictory(selection: NodeSelection) -> Iterator[str]:
    """Yield where alternatives are dead because nodeSelector must hold as well: they were meant to widen it."""
    dead = {
        f"{key}={value}": None
        for term in selection.terms
        for each in term.expressions
        if (key := each.key) in selection.labels and each.operator is Operator.IN
        for value in each.values
        if value != selection.labels[key]
    }
    if dead:
        yield (
            f"its terms allow {', '.join([*dead][:3])}, which nodeSelector rules out: both must hold, so leave that "
            "label to the terms"
        )


def unseen(selection: NodeSelection, inventory: Inventory) -> str:
    """Return what no node of a cluster has of what a selection asks for, with what is near it; empty where that is all.

    Of terms, which are alternatives, the first is told.
    """
    equal = (Expression(key, Operator.IN, (value,)) for key, value in selection.labels.items())
    wanted = (*equal, *(selection.terms[0].expressions if selection.terms else ()))
    found = (_unseen(each, inventory) for each in wanted if each.operator in _NEEDS_A_LABEL)
    return next((each for each in found if each), "")


def _unseen(expression: Expression, inventory: Inventory) -> str:
    key = expression.key
    present = {each.labels[key] for each in inventory.nodes.values() if key in each.labels}
    if not present:
        keys = {key for each in inventory.nodes.values() for key in each.labels}
        return f"no node has label {key}{nearest(key, keys, _LIKE_A_KEY)}"
    if expression.operator is Operator.IN and present.isdisjoint(expression.values):
        value = expression.values[0]
        return f"no node has {key}={value}{nearest(value, present)}"
    return ""

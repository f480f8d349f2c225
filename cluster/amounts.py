"""Amounts of resources in objects of the API: quantities as their author wrote them, and what they mean."""

from functools import lru_cache

from cluster.shapes import MalformedObject, Quantities
from placement.quantities import amount

# Nodes and containers share their amounts, of which there are few.
_SHARED_AMOUNTS = 2**12


def quantities(place: str, given: Quantities) -> dict[str, str]:
    """Return amounts as they are written; raises MalformedObject with their place where one is none."""
    amounts(place, given)
    return {name: str(text) for name, text in (given or {}).items()}


def amounts(place: str, given: Quantities) -> dict[str, int]:
    """Return amounts as integers in the domain's units; raises MalformedObject as above."""
    return {name: _amount(place, name, str(text)) for name, text in (given or {}).items()}


@lru_cache(_SHARED_AMOUNTS)
def _amount(place: str, name: str, text: str) -> int:
    try:
        count = amount(name, text)
    except ValueError as error:
        raise MalformedObject(f"{place}[{name}]", str(error)) from None
    if count < 0:
        raise MalformedObject(f"{place}[{name}]", f"{text!r} is below zero, which the API server refuses")
    return count

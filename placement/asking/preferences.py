"""A runtime's order of preference: classes with a score, each under conditions.

`modelSize: "<30B"`, `">=7B"`, `"7B-13B"` speak of the model's parameters; what a request will ask (`requestSize`) is
not known when a pod is created, so such a condition decides nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import ge, gt, le, lt

from placement.recognising.models import size_in_billions

MAX_SCORE = 100

_UNITS = {"": 1e-9, "K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}
_SIZE = r"(\d+(?:\.\d+)?)\s*([KMBT]?)"
_COMPARISON = re.compile(rf"\s*(<=|>=|<|>|==?|)\s*{_SIZE}\s*", re.IGNORECASE)
_RANGE = re.compile(rf"\s*{_SIZE}\s*-\s*{_SIZE}\s*", re.IGNORECASE)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Sizes of models in billions of parameters."""

    text: str
    holds: Callable[[float], bool] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Preference:
    """A class with a score from 0 to 100, under conditions; `unknowable` are those that say nothing at creation."""

    accelerator_class: str
    score: int
    sizes: tuple[SizeRange, ...] = ()
    unknowable: tuple[str, ...] = ()

    def holds(self, billions: float | None) -> bool:
        """Tell whether it applies to a model of that size; of an unknown size no condition holds."""
        return all(billions is not None and each.holds(billions) for each in self.sizes)


def billions(text: str) -> float:
    """Return a model's size in billions of parameters: `70B`, `0.5B`, `500M`; raises ValueError that shows the text."""
    size = size_in_billions(text)
    if size is None:
        raise ValueError(f"{text!r} is no size of a model: write parameters with a unit, like 70B or 500M")
    return size


def size_range(text: str) -> SizeRange:
    """Return the sizes that a condition means; raises ValueError that shows the text."""
    between = _RANGE.fullmatch(text)
    if between:
        low, high = _billions(between[1], between[2] or between[4]), _billions(between[3], between[4])
        return SizeRange(text, lambda size: low <= size <= high)
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ValueError(f'{text!r} is no condition on a size: write "<30B", ">=7B" or "7B-13B"')
    bound = _billions(match[2], match[3])
    compares = _OPERATORS.get(match[1])
    if compares:
        return SizeRange(text, lambda size: compares(size, bound))
    return SizeRange(text, lambda size: abs(size - bound) <= bound * _TOLERANCE)


def _billions(number: str, unit: str) -> float:
    return float(number) * _UNITS[unit.upper()]

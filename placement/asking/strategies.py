"""Strategies: how eligible classes compare, as numbers from 0 to 1 where more is better.

* performance = 0.5 * memory + 0.3 * bandwidth + 0.2 * rate, each as a share of the most that an eligible class states
  (GiB, GB/s, TFLOPS at the preferred precision, fp16 by default); what a class does not state counts 0.
* cost = least price / price, in USD per hour and accelerator; an unknown price counts 0.
* balanced = the mean of both.
* fit = 0.7 * needed memory / memory + 0.3 * needed rate / rate (GiB, TFLOPS): the least waste; what nobody needs
  wastes nothing and counts 1.
* order = 1 / place in the author's list of supported classes, from 1 on; what is not listed counts 0.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from placement.accelerators import AcceleratorClass, Figure
from placement.asking.class_requirements import ANY_CLASS, ClassRequirements

Classes = tuple[AcceleratorClass, ...]
Scores = Mapping[str, float]

MEMORY_WEIGHT, BANDWIDTH_WEIGHT, RATE_WEIGHT = 0.5, 0.3, 0.2
FIT_MEMORY_WEIGHT, FIT_RATE_WEIGHT = 0.7, 0.3


class Strategy(StrEnum):
    """What decides between eligible classes that nobody prefers by name."""

    PERFORMANCE = "performance"
    COST = "cost"
    BALANCED = "balanced"
    FIT = "fit"
    ORDER = "order"


# OME's policies.
POLICIES = {
    "MostCapable": Strategy.PERFORMANCE,
    "Cheapest": Strategy.COST,
    "BestFit": Strategy.FIT,
    "FirstAvailable": Strategy.ORDER,
}


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What classes are compared by beside what they state.

    `on_spot` counts spot prices, `precision` is the rate that matters, `needed` what the pod needs at least, `listed`
    the supported classes in their author's order.
    """

    on_spot: bool = False
    precision: Figure = Figure.FP16
    needed: ClassRequirements = ANY_CLASS
    listed: tuple[str, ...] = ()


PLAIN = Yardstick()


def strategy(text: str) -> Strategy:
    """Return the strategy of that name, or of that name as an OME policy; raises ValueError with what is allowed."""
    found = POLICIES.get(text)
    if found or text in tuple(Strategy):
        return found or Strategy(text)
    raise ValueError(f"found {text!r}, allowed: {', '.join([*Strategy, *POLICIES])}")


def scores(chosen: Strategy, eligible: Classes, by: Yardstick = PLAIN) -> Scores:
    """Return the score of each class among those that are eligible, by name."""
    if chosen is Strategy.BALANCED:
        fast, cheap = _performance(eligible, by), _cost(eligible, by)
        return {each.name: (fast[each.name] + cheap[each.name]) / 2 for each in eligible}
    return _FORMULAS[chosen](eligible, by)


def _performance(eligible: Classes, by: Yardstick) -> Scores:
    memory = _shares(eligible, lambda each: each.capabilities.memory_gib)
    bandwidth = _shares(eligible, lambda each: each.capabilities.figures.get(Figure.BANDWIDTH))
    rate = _shares(eligible, lambda each: each.capabilities.figures.get(by.precision))
    weighted = ((memory, MEMORY_WEIGHT), (bandwidth, BANDWIDTH_WEIGHT), (rate, RATE_WEIGHT))
    return {each.name: sum(share[each.name] * weight for share, weight in weighted) for each in eligible}


def _shares(eligible: Classes, figure: Callable[[AcceleratorClass], float | None]) -> Scores:
    amounts = {each.name: figure(each) or 0.0 for each in eligible}
    most = max(amounts.values(), default=0.0)
    return {name: amount / most if most else 0.0 for name, amount in amounts.items()}


def _cost(eligible: Classes, by: Yardstick) -> Scores:
    prices = {each.name: each.cost.price(on_spot=by.on_spot) for each in eligible}
    least = min(_known(prices.values()), default=0.0)
    return {name: _ratio(least, price) for name, price in prices.items()}


def _fit(eligible: Classes, by: Yardstick) -> Scores:
    memory, rate = by.needed.memory_gib, by.needed.figures.get(by.precision, 0)
    return {
        each.name: FIT_MEMORY_WEIGHT * _use(memory, each.capabilities.memory_gib)
        + FIT_RATE_WEIGHT * _use(rate, each.capabilities.figures.get(by.precision))
        for each in eligible
    }


def _order(eligible: Classes, by: Yardstick) -> Scores:
    places = {name: place for place, name in enumerate(by.listed, start=1)}
    return {each.name: 1 / places[each.name] if each.name in places else 0.0 for each in eligible}


_FORMULAS: Mapping[Strategy, Callable[[Classes, Yardstick], Scores]] = {
    Strategy.PERFORMANCE: _performance,
    Strategy.COST: _cost,
    Strategy.FIT: _fit,
    Strategy.ORDER: _order,
}


def _known(prices: Iterable[float | None]) -> Iterable[float]:
    return (price for price in prices if price is not None)


def _ratio(least: float, price: float | None) -> float:
    """Return how near a price comes to the least one; what costs nothing is as good as can be."""
    if price is None:
        return 0.0
    return least / price if price else 1.0


def _use(needed: float, offered: float | None) -> float:
    """Return which share of an offer is needed, at most 1."""
    if not needed:
        return 1.0
    return min(needed / offered, 1.0) if offered else 0.0

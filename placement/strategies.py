"""Strategies: how eligible classes compare, as numbers from 0 to 1 where more is better.

* performance = 0.5 * memory + 0.3 * bandwidth + 0.2 * rate, each as a share of the most that an eligible class states
  (GiB, GB/s, TFLOPS at fp16); what a class does not state counts 0.
* cost = least price / price, in USD per hour and accelerator; an unknown price counts 0.
* balanced = the mean of both.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from placement.accelerators import AcceleratorClass, Figure

Classes = tuple[AcceleratorClass, ...]
Scores = Mapping[str, float]

MEMORY_WEIGHT, BANDWIDTH_WEIGHT, RATE_WEIGHT = 0.5, 0.3, 0.2


class Strategy(StrEnum):
    """What decides between eligible classes that nobody prefers by name."""

    PERFORMANCE = "performance"
    COST = "cost"
    BALANCED = "balanced"


# What OME's policies mean here.
POLICIES = {"MostCapable": Strategy.PERFORMANCE, "Cheapest": Strategy.COST, "BestFit": Strategy.BALANCED}


def strategy(text: str) -> Strategy:
    """Return the strategy of that name, or of that name as an OME policy; raises ValueError with what is allowed."""
    found = POLICIES.get(text)
    if found or text in tuple(Strategy):
        return found or Strategy(text)
    raise ValueError(f"found {text!r}, allowed: {', '.join([*Strategy, *POLICIES])}")


def scores(chosen: Strategy, eligible: Classes, *, on_spot: bool) -> Scores:
    """Return the score of each class among those that are eligible, by name."""
    fast, cheap = _performance(eligible), _cost(eligible, on_spot=on_spot)
    if chosen is Strategy.BALANCED:
        return {each.name: (fast[each.name] + cheap[each.name]) / 2 for each in eligible}
    return fast if chosen is Strategy.PERFORMANCE else cheap


def _performance(eligible: Classes) -> Scores:
    memory = _shares(eligible, lambda each: each.capabilities.memory_gib)
    bandwidth = _shares(eligible, lambda each: each.capabilities.figures.get(Figure.BANDWIDTH))
    rate = _shares(eligible, lambda each: each.capabilities.figures.get(Figure.FP16))
    weighted = ((memory, MEMORY_WEIGHT), (bandwidth, BANDWIDTH_WEIGHT), (rate, RATE_WEIGHT))
    return {each.name: sum(share[each.name] * weight for share, weight in weighted) for each in eligible}


def _shares(eligible: Classes, figure: Callable[[AcceleratorClass], float | None]) -> Scores:
    amounts = {each.name: figure(each) or 0.0 for each in eligible}
    most = max(amounts.values(), default=0.0)
    return {name: amount / most if most else 0.0 for name, amount in amounts.items()}


def _cost(eligible: Classes, *, on_spot: bool) -> Scores:
    prices = {each.name: each.cost.price(on_spot=on_spot) for each in eligible}
    least = min(_known(prices.values()), default=0.0)
    return {name: _ratio(least, price) for name, price in prices.items()}


def _known(prices: Iterable[float | None]) -> Iterable[float]:
    return (price for price in prices if price is not None)


def _ratio(least: float, price: float | None) -> float:
    """Return how near a price comes to the least one; what costs nothing is as good as can be."""
    if price is None:
        return 0.0
    return least / price if price else 1.0

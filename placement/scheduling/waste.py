"""Waste: what of a device's remaining capacity the tasks to come will not fill, however they are combined on it.

Which combinations fill devices best, with so many of each size to come, is a cutting-stock problem (Gilmore and Gomory,
1961). Its dual gives a price y_g, at most g, to each size g, and a device with r left the worth of its best filling,

    v(r) = max over combinations of sizes that sum up to at most r of the sum of their prices,

an unbounded knapsack. Prices are found by the subgradient method (Held, Wolfe and Crowder, 1974): a size of which the
best fillings take more than is to come gets cheaper, one of which they take less gets dearer. Waste is r - v(r): 190
beside a share of 810 are waste when hardly anything is that small, though each single task of at most 190 would fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from placement.scheduling.arrays import Floats, Ints
from placement.scheduling.tasks import WHOLE

# Devices are cut in steps of so many thousandths: sizes are rounded up, what is left is rounded down.
STEP = 10
LEVELS = WHOLE // STEP

# So often prices are mended: from those of sizes as such, and from those that were found before.
FIRST_ITERATIONS = 100
NEXT_ITERATIONS = 20
_FIRST_STEP = 0.1
_SLOWDOWN = 0.1
_EQUAL = 1e-9


@dataclass(frozen=True, eq=False)
class Sizes:
    """Sizes of tasks on a device, in steps, and how many of each are to come."""

    steps: Ints
    demand: Floats


@dataclass(frozen=True, eq=False)
class Waste:
    """The waste of a device by what is left of it, in steps from 0 to 1000; and the price of each size, in steps.

    Waste and prices are in thousandths of a device.
    """

    by_level: Floats
    prices: Mapping[int, float]

    def grown(self, left: Ints, milli: Ints) -> Floats:
        """Return by how much the waste of devices with so much left grows when the amount beside it is taken of it."""
        grown: Floats = self.by_level[(left - milli) // STEP] - self.by_level[left // STEP]
        return grown


NO_WASTE = Waste(np.zeros(LEVELS + 1), {})


def waste_of(sizes: Sizes, devices: Floats, before: Waste | None = None) -> Waste:
    """Return the waste of devices, of which `devices` counts those with so many steps left.

    With the prices that were found before fewer iterations will do.
    """
    whole = sizes.steps.astype(np.float64) * STEP
    prices, iterations = whole.copy(), FIRST_ITERATIONS
    if before:
        known = [before.prices.get(step, step * float(STEP)) for step in sizes.steps.tolist()]
        prices, iterations = np.array(known, np.float64), NEXT_ITERATIONS
    worth, swing = np.zeros(LEVELS + 1), np.zeros(len(prices))
    for iteration in range(iterations):
        values, best = _fillings(sizes.steps, prices)
        excess = _excess(_taken(sizes.steps, best, devices), sizes.demand)
        step = _FIRST_STEP / sqrt(1 + _SLOWDOWN * iteration)
        prices = np.clip(prices - step * excess * whole, 0, whole)
        if iteration >= iterations // 2:  # The prices swing about the right ones: their mean counts.
            worth, swing = worth + values, swing + prices
    counted = iterations - iterations // 2
    by_level = np.arange(LEVELS + 1, dtype=np.float64) * STEP - worth / counted
    return Waste(by_level, dict(zip(sizes.steps.tolist(), (swing / counted).tolist(), strict=True)))


def _excess(taken: Floats, demand: Floats) -> Floats:
    """Return how much more of each size is taken than is to come, from -1 (nothing is taken) to 1 (nothing comes)."""
    share: Floats = (taken - demand) / np.maximum(taken + demand, _EQUAL)
    return share


def _fillings(steps: Ints, prices: Floats) -> tuple[Floats, list[int]]:
    """Return the worth of the best filling of each level, and its first size: -1 where no size fits or pays."""
    sizes = list(zip(steps.tolist(), prices.tolist(), strict=True))
    values, best = [0.0], [-1]
    for level in range(1, LEVELS + 1):
        value, first = values[level - 1], -1
        for index, (step, price) in enumerate(sizes):
            if step > level:
                continue
            filled = values[level - step] + price
            if filled > value + _EQUAL or (first < 0 and filled > value - _EQUAL):
                value, first = filled, index
        values.append(value)
        best.append(first)
    return np.array(values), best


def _taken(steps: Ints, best: list[int], devices: Floats) -> Floats:
    """Return how many of each size the best fillings of all devices take."""
    left, taken, sizes = devices.tolist(), [0.0] * len(steps), steps.tolist()
    for level in range(LEVELS, 0, -1):
        index = best[level]
        if index < 0:
            left[level - 1] += left[level]
        else:
            taken[index] += left[level]
            left[level - sizes[index]] += left[level]
    return np.array(taken)

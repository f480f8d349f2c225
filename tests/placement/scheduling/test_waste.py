"""What of a device is wasted, depending on what there is to fill it with."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.scheduling.arrays import Floats
from placement.scheduling.tasks import WHOLE
from placement.scheduling.waste import LEVELS, STEP, Sizes, Waste, waste_of

# An example takes some hundredths of a second.
few = settings(max_examples=30)

# How far prices that swing may be off, in thousandths of a device.
ABOUT = 25


def devices(**levels: int) -> Floats:
    """Return how many devices of each level there are: `l100=8` has eight whole ones."""
    counts = np.zeros(LEVELS + 1)
    for level, count in levels.items():
        counts[int(level.removeprefix("l"))] = count
    return counts


def wasted(demand: Mapping[int, float], left: Floats, before: Waste | None = None) -> Waste:
    """Return the waste of devices where so many of each size, in steps, are to come."""
    sizes = Sizes(np.array(sorted(demand), np.int64), np.array([demand[size] for size in sorted(demand)], float))
    return waste_of(sizes, left, before)


demands = st.dictionaries(st.integers(1, LEVELS), st.floats(0, 500), max_size=6)
lefts = st.lists(st.integers(0, LEVELS), max_size=30).map(
    lambda each: np.bincount(each, None, LEVELS + 1).astype(float)
)


@few
@given(demands, lefts)
def test_waste_lies_between_nothing_and_all_that_is_left(demand: dict[int, float], left: Floats) -> None:
    """A price above the size would promise more worth than there is."""
    found = wasted(demand, left)

    assert found.by_level[0] == 0
    assert (found.by_level >= -1e-6).all()
    assert (found.by_level <= np.arange(LEVELS + 1) * STEP).all()
    assert all(0 <= price <= size * STEP for size, price in found.prices.items())


@few
@given(demands, lefts)
def test_a_device_of_which_more_is_left_is_never_worth_less(demand: dict[int, float], left: Floats) -> None:
    """It could be filled in the same way."""
    worth = np.arange(LEVELS + 1) * STEP - wasted(demand, left).by_level

    assert (np.diff(worth) >= -1e-6).all()


@few
@given(st.integers(1, LEVELS))
def test_with_plenty_of_one_size_what_does_not_divide_by_it_is_wasted(size: int) -> None:
    """A device with 240 left takes three of 70 and wastes 30."""
    found = wasted({size: 10_000}, devices(l100=20, l50=20))

    assert found.by_level.tolist() == pytest.approx([STEP * (level % size) for level in range(LEVELS + 1)])


def test_a_hole_is_wasted_when_hardly_anything_is_small_enough_to_come() -> None:
    """Beside a share of 810 stay 190: with as many shares of 190 as of 810 that is room, with one for ten a loss."""
    scarce = wasted({19: 10, 81: 100}, devices(l100=100))
    abundant = wasted({19: 200, 81: 100}, devices(l100=100))

    assert scarce.by_level[19] > 190 - ABOUT
    assert abundant.by_level[19] < ABOUT


def test_a_share_makes_waste_where_it_spoils_room_and_makes_it_good_where_it_fills_a_hole() -> None:
    """With few shares of 190 and many of 810, which leave holes of 190 on whole devices in any case."""
    found = wasted({19: 10, 81: 100}, devices(l100=100))
    grown = [
        found.grown(np.array([left]), np.array([milli]))[0] for left, milli in ((1000, 810), (190, 190), (810, 190))
    ]

    assert grown == pytest.approx([0, -190, 620], abs=ABOUT)


def test_where_nothing_is_to_come_all_is_waste() -> None:
    """Whether no size is known, or of the known ones nothing comes."""
    everything = [STEP * level for level in range(LEVELS + 1)]

    assert wasted({}, devices(l100=10)).by_level.tolist() == everything
    assert wasted({50: 0}, devices(l100=10)).by_level.tolist() == pytest.approx(everything)


def test_without_devices_there_is_an_answer() -> None:
    """An empty fleet has been looked at as well."""
    assert wasted({50: 10}, devices()).by_level[0] == 0


@pytest.mark.parametrize("before", [{19: 1, 50: 500, 81: 1}, {19: 500, 50: 1, 81: 500}, {25: 100}], ids=str)
def test_prices_found_from_older_ones_come_to_the_same(before: dict[int, float]) -> None:
    """After a few looks, whatever was expected before, and new sizes among it."""
    demand, left = {19: 30, 50: 60, 81: 80}, devices(l100=100, l19=40)
    anew, mended = wasted(demand, left), wasted(before, left)
    for _ in range(10):
        mended = wasted(demand, left, mended)

    assert np.abs(anew.by_level - mended.by_level).max() < ABOUT


@few
@given(demands, lefts, st.integers(1, WHOLE), st.integers(0, WHOLE))
def test_what_is_taken_changes_waste_by_no_more_than_that(
    demand: dict[int, float], left: Floats, milli: int, more: int
) -> None:
    """Within the step to which devices are cut."""
    device = np.array([min(milli + more, WHOLE)])
    grown = wasted(demand, left).grown(device, np.array([milli]))[0]

    assert -milli - STEP <= grown <= device[0]

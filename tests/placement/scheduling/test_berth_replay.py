"""How much Berth's policy leaves unallocated of the published trace, learning what comes as it comes."""

from collections.abc import Callable
from random import Random

import pytest

from placement.scheduling.fleet import fleet_of
from placement.scheduling.policies.berth import Berth
from tests.placement.scheduling.traces import FGD_ALLOCATES, LOADS, Course, Trace, course_learning

# FGD leaves 292.59 devices with this seed, knowing the whole trace beforehand.
MOST_UNALLOCATED = 258


@pytest.fixture(scope="module")
def default(read: Callable[[str, int], Trace]) -> Trace:
    """The trace whose results are published first."""
    return read("default", 42)


@pytest.fixture(scope="module")
def replayed(default: Trace) -> Course:
    """The trace on its nodes as they are ordered there."""
    return course_learning(default, default.fleet(), Berth())


def test_fewer_devices_stay_unallocated_than_with_fgd(replayed: Course) -> None:
    """By a tenth and more, once all who came could have filled the nodes."""
    assert replayed.unallocated <= MOST_UNALLOCATED


def test_no_less_is_allocated_than_with_fgd_at_any_load(replayed: Course) -> None:
    """Also before the nodes are full, within 0.15 points."""
    shortfall = [one - other for one, other in zip(FGD_ALLOCATES, replayed.allocation(*LOADS), strict=True)]

    assert max(shortfall) <= 0.15


def test_names_of_nodes_change_next_to_nothing(default: Trace, replayed: Course) -> None:
    """In an order drawn at random, which FGD does not bear."""
    states = [state for _, state in default.nodes]
    Random(1).shuffle(states)

    renamed = course_learning(default, fleet_of(states), Berth())

    assert renamed.unallocated == pytest.approx(replayed.unallocated, abs=6)

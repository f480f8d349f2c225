from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, Cost, Figure
from placement.asking.class_requirements import ClassRequirements
from placement.asking.strategies import Strategy, Yardstick, scores, strategy
from tests.builders import CATALOG, H100, L4, T4

CLASSES = tuple(CATALOG.classes.values())


@given(st.sampled_from(Strategy), st.lists(st.sampled_from(CLASSES), unique_by=lambda each: each.name))
def test_scores_lie_between_nothing_and_one_and_do_not_depend_on_order(
    chosen: Strategy, eligible: list[AcceleratorClass]
) -> None:
    """Whatever is eligible, in whatever order it comes."""
    forwards = scores(chosen, tuple(eligible))

    assert forwards == scores(chosen, tuple(reversed(eligible)))
    assert all(0 <= each <= 1 for each in forwards.values())


def test_performance_weighs_memory_bandwidth_and_rate() -> None:
    """The formula: half memory, three tenths bandwidth, a fifth TFLOPS, as shares of the most."""
    fast = replace(L4, capabilities=replace(L4.capabilities, figures={Figure.BANDWIDTH: 300.0, Figure.FP16: 121.0}))
    faster = replace(
        H100, capabilities=replace(H100.capabilities, figures={Figure.BANDWIDTH: 3000.0, Figure.FP16: 968.0})
    )

    assert scores(Strategy.PERFORMANCE, (fast, faster)) == pytest.approx(
        {"l4": 0.5 * 0.3 + 0.3 * 0.1 + 0.2 * 0.125, "h100": 1.0}
    )


def test_cost_is_the_least_price_over_the_price() -> None:
    """A class of unknown price comes last; what costs nothing comes first."""
    free, unknown = replace(T4, name="free", cost=Cost(0.0)), replace(T4, name="unknown", cost=Cost())

    assert scores(Strategy.COST, (L4, T4)) == {"l4": 0.5, "t4": 1.0}
    assert scores(Strategy.COST, (L4, unknown)) == {"l4": 1.0, "unknown": 0.0}
    assert scores(Strategy.COST, (L4, free)) == {"l4": 0.0, "free": 1.0}


def test_spot_prices_count_where_the_pod_may_run_on_spot() -> None:
    """Cheap spot capacity turns the order for those who can use it."""
    spot = replace(H100, cost=Cost(5.0, 0.4))

    assert scores(Strategy.COST, (spot, L4), Yardstick(on_spot=True)) == {"h100": 1.0, "l4": 0.5}
    assert scores(Strategy.COST, (spot, L4))["l4"] == 1.0


def test_strategies_are_known_by_two_names() -> None:
    """OME's policies name the same machinery; anything else is answered with what is allowed."""
    assert strategy("Cheapest") is Strategy.COST
    assert strategy("performance") is Strategy.PERFORMANCE
    with pytest.raises(ValueError, match="found 'fast', allowed: performance, cost, balanced, fit, order, MostCapable"):
        strategy("fast")


def test_fit_is_the_least_waste() -> None:
    """BestFit weighs the share of the memory that is needed, and of the rate; who needs nothing wastes nothing."""
    needed = ClassRequirements(memory_gib=12, figures={Figure.FP16: 60.0})
    fast = replace(L4, capabilities=replace(L4.capabilities, figures={Figure.FP16: 120.0}))

    found = scores(Strategy.FIT, (fast, T4), Yardstick(needed=needed))

    assert found == pytest.approx({"l4": 0.7 * 12 / 24 + 0.3 * 0.5, "t4": 0.7 * 12 / 16})
    assert scores(Strategy.FIT, (L4, T4)) == {"l4": 1.0, "t4": 1.0}


def test_order_is_that_of_the_list() -> None:
    """FirstAvailable: the runtime's list of classes decides."""
    assert scores(Strategy.ORDER, (H100, L4, T4), Yardstick(listed=("t4", "h100"))) == {"h100": 0.5, "l4": 0, "t4": 1}


def test_the_preferred_precision_is_what_performance_compares() -> None:
    """A pod that runs in fp8 cares for TFLOPS at fp8."""
    eight = replace(H100, name="eight", capabilities=replace(H100.capabilities, figures={Figure.FP8: 100.0}))

    at_fp8 = scores(Strategy.PERFORMANCE, (eight, H100), Yardstick(precision=Figure.FP8))

    assert at_fp8["eight"] - at_fp8["h100"] == pytest.approx(0.2)

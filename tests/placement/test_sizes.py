"""The measure of stranded accelerators."""

from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.sizes import EXPECTED_MIX, increase, stranded

counts = st.integers(0, 64)


@given(counts)
def test_at_most_all_free_devices_are_stranded_and_never_fewer_than_none(free: int) -> None:
    """The measure counts devices."""
    assert 0 <= stranded(free) <= free


@given(st.integers(max(EXPECTED_MIX), 1000))
def test_nothing_is_stranded_where_the_largest_pod_of_the_mix_fits(free: int) -> None:
    """A node with room for everyone strands nothing."""
    assert stranded(free) == 0


def test_seven_free_devices_are_useless_to_the_quarter_that_asks_eight() -> None:
    """F(free) adds, per size of the mix, its share times the free devices where the size does not fit."""
    assert stranded(7) == 0.25 * 7
    assert stranded(3) == 0.25 * 3 + 0.25 * 3
    assert stranded(1) == 0.75


@given(counts, counts, counts)
def test_growth_adds_up_over_steps(free: int, first: int, second: int) -> None:
    """Taking devices at once or one pod after the other strands the same."""
    start = free + first + second

    assert increase(start, first) + increase(start - first, second) == increase(start, first + second)


@given(st.integers(-8, 0), counts)
def test_taking_from_what_is_not_there_strands_nothing(free: int, count: int) -> None:
    """Promises beyond capacity neither help nor harm the measure."""
    assert increase(free, count) == 0


def test_breaking_a_whole_node_costs_more_than_anything_on_a_started_one() -> None:
    """Whatever is asked, and however much is free on the started node of eight."""
    for count in range(1, 8):
        started = [increase(free, count) for free in range(count, 8)]
        assert increase(8, count) > max(started)

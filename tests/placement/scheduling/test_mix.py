"""Which tasks are expected, in which order, and which of them stand for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.mix import admitted, mix_of, typical
from placement.scheduling.tasks import Task
from tests.placement.scheduling.fleets import tasks


def test_the_most_frequent_come_first_with_their_shares_of_all() -> None:
    """Weights need not be counts; what was never seen is not expected."""
    mix = mix_of({Task(1): 1, Task(2, 1): 2.5, Task(3, 2): 1.5, Task(4): 0})

    assert mix.tasks == (Task(2, 1), Task(3, 2), Task(1))
    assert mix.popularity == (0.5, 0.3, 0.2)


def test_of_tasks_seen_as_often_the_one_that_asks_more_comes_first() -> None:
    """More cpu, then more of each device, then more devices, then the later name of a class, as in FGD's code."""
    order = (
        Task(2000),
        Task(1000, 2, 1000),
        Task(1000, 1, 1000, ("t4",)),
        Task(1000, 1, 1000, ("a100", "t4")),
        Task(1000, 1, 1000, ("a100",)),
        Task(1000, 1, 1000),
        Task(1000, 1, 500),
        Task(1000),
    )

    assert mix_of(dict.fromkeys(reversed(order), 1)).tasks == order


def test_nothing_seen_is_an_empty_mix() -> None:
    """Also of the typical tasks."""
    assert typical(mix_of({})).tasks == ()


def test_the_most_popular_tasks_stand_for_all_once_they_make_up_the_share() -> None:
    """The task that reaches it is the last; their popularities are scaled to sum 1."""
    mix = typical(mix_of({Task(1): 60, Task(2): 36, Task(3): 3, Task(4): 1}))

    assert mix.tasks == (Task(1), Task(2))
    assert mix.popularity == (0.625, 0.375)


@pytest.mark.parametrize("number", [20, 80, 120, 400])
def test_a_share_that_is_reached_exactly_is_reached(number: int) -> None:
    """Whatever the sums of their popularities are rounded to."""
    mix = typical(mix_of({Task(cpu): 1 for cpu in range(number)}))

    assert len(mix.tasks) == number * 95 // 100


@given(st.dictionaries(tasks, st.integers(1, 50), min_size=1), st.integers(1, 100))
def test_no_fewer_tasks_would_make_up_the_share(weights: dict[Task, float], percent: int) -> None:
    """Counted in whole pods."""
    mix, total = typical(mix_of(weights), percent / 100), sum(weights.values())
    counts = [weights[task] for task in mix.tasks]

    assert sum(counts) * 100 >= percent * total
    assert sum(counts[:-1]) * 100 < percent * total
    assert sum(mix.popularity) == pytest.approx(1)


def test_columns_hold_the_tasks_in_order_with_and_without_those_that_ask_for_no_device() -> None:
    """Popularities stay those of the whole mix."""
    mix = mix_of({Task(1000): 5, Task(2000, 1, 250): 3, Task(3000, 2): 2})

    assert mix.every.tasks == mix.tasks
    assert mix.on_devices.tasks == mix.tasks[1:]
    assert mix.on_devices.popularity.tolist() == [0.3, 0.2]
    assert mix.on_devices.cpu.tolist() == [2000, 3000]
    assert mix.on_devices.devices.tolist() == [1, 2]
    assert mix.on_devices.milli.tolist() == [250, 1000]


def test_each_kind_of_node_admits_the_tasks_of_its_classes_and_those_without_any() -> None:
    """A row for each kind, a column for each task."""
    mix = mix_of({Task(0, 1): 3, Task(0, 1, 1000, ("t4", "l4")): 2, Task(0, 1, 1000, ("h100",)): 1})

    assert admitted(mix.on_devices, (("l4",), ("h100", "t4"), ())).tolist() == [
        [True, True, False],
        [True, True, True],
        [True, False, False],
    ]

"""How much leaves again of what was placed, and what the policy makes of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies.berth import Berth
from placement.scheduling.tasks import Task
from placement.scheduling.turnover import Turnover
from tests.placement.scheduling.fleets import fleet, node

SINGLE = Task(500, 1)
WHOLE_NODES = (1000, 1000, 1000, 1000)


def chosen(task: Task, mix: Mix, *states: tuple[tuple[int, ...], int, int]) -> int:
    """Return which node is best for a task: each has so much left of its devices, so many tasks and so much cpu."""
    nodes = [replace(node(f"n{row}", cpu, left), tasks=tasks) for row, (left, tasks, cpu) in enumerate(states)]
    subject = fleet(*nodes)
    winner = Berth().rank(task, subject, subject.feasible(task, 0), mix).winner
    assert winner
    return winner.row


def test_nothing_turns_over_where_nothing_was_placed_or_left() -> None:
    """A cluster that fills up has a turnover of nothing."""
    turnover = Turnover()
    assert turnover.share == 0
    turnover.placed(SINGLE)
    assert turnover.share == 0


def test_as_much_that_leaves_as_comes_is_a_turnover_of_one() -> None:
    """By amounts: a pod of eight devices counts as eight of one."""
    turnover = Turnover()
    turnover.placed(Task(0, 8))
    for _ in range(8):
        turnover.left(SINGLE)
    assert turnover.share == pytest.approx(1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=30))
def test_the_turnover_stays_between_nothing_and_one(steps: list[tuple[bool, int]]) -> None:
    """Also where more leaves than was seen placed, as after a restart."""
    turnover = Turnover()
    for is_placed, devices in steps:
        (turnover.placed if is_placed else turnover.left)(Task(0, devices))
    assert 0 <= turnover.share <= 1


def test_what_left_long_ago_counts_no_longer() -> None:
    """After many half-lives in which nothing left the cluster only fills up."""
    turnover = Turnover(half_life=10)
    turnover.placed(SINGLE)
    turnover.left(SINGLE)
    for _ in range(200):
        turnover.placed(SINGLE)
    assert turnover.share < 0.001


def test_a_mix_knows_the_turnover_as_of_its_refresh() -> None:
    """So that decisions rest on one value until the mix is made anew."""
    learnt = Learnt({SINGLE: 1})
    assert learnt.mix.turnover == 0
    learnt.placed(SINGLE)
    learnt.left(SINGLE)
    learnt.see(SINGLE)
    assert learnt.mix.turnover == pytest.approx(1)


def test_where_tasks_leave_again_a_node_of_many_tasks_is_preferred_to_one_that_is_soon_whole() -> None:
    """With two devices idle on both, the one with a single task of two devices is whole again first."""
    several, one = ((0, 0, 1000, 1000), 2, 8000), ((0, 0, 1000, 1000), 1, 8000)

    assert chosen(SINGLE, mix_of({SINGLE: 1}, turnover=1), one, several) == 1
    assert chosen(SINGLE, mix_of({SINGLE: 1}), one, several) == 0


def test_devices_are_not_left_without_the_cpu_that_others_need_beside_them() -> None:
    """The first node would have none left for its other devices; both are as full otherwise."""
    mix = mix_of({SINGLE: 1, Task(4000, 1): 3})
    scarce, ample = (WHOLE_NODES, 0, 6000), (WHOLE_NODES, 0, 16_000)

    assert chosen(Task(2000, 1), mix, scarce, ample) == 1


def test_a_pinned_mix_keeps_its_tasks_and_learns_how_much_leaves() -> None:
    """What is expected may be told beforehand; that pods leave is seen."""
    pinned = Pinned(mix_of({SINGLE: 1}))
    for _ in range(10):
        pinned.placed(SINGLE)
        pinned.left(SINGLE)

    assert pinned.mix.tasks == (SINGLE,)
    assert pinned.mix.turnover == pytest.approx(1, abs=0.1)

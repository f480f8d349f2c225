"""How many copies of each expected task find room, against placing them one by one."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from placement.scheduling.copies import room
from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies.best_fit import BestFit
from placement.scheduling.replay import Arrival, place
from placement.scheduling.task_columns import repeated
from placement.scheduling.tasks import WHOLE, Task
from tests.placement.scheduling.fleets import (
    counted,
    fleet,
    mixes,
    node,
    nodes,
    shares,
    tasks,
    undivided_tasks,
    whole_nodes,
    whole_tasks,
)

NOTHING_EXPECTED = mix_of({})


def counted_fleet(states: list[NodeState]) -> Fleet:
    """Return the nodes as a fleet whose idle devices are counted."""
    return fleet_of([counted(state) for state in states], is_divisible=False)


def copies_placed(state: NodeState, task: Task, *, is_divisible: bool) -> int:
    """Return how many copies of a task can be put on the node one after the other."""
    subject, count = fleet_of([state], is_divisible=is_divisible), 0
    while place(Arrival(task), subject, BestFit(), NOTHING_EXPECTED).taken:
        count += 1
    return count


def copies_of(subject: Fleet, task: Task) -> list[float]:
    """Return how many copies of a task find room on each node."""
    mix = mix_of({task: 1})
    found: list[float] = room(subject, mix.every, np.arange(len(subject.names))).copies[:, 0].tolist()
    return found


@given(nodes, tasks)
def test_as_many_copies_find_room_as_can_be_placed_one_by_one(states: list[NodeState], task: Task) -> None:
    """Shares, whole devices, cpu alone, and tasks that ask no cpu; a node whose class will not do has room for none."""
    assume(task.cpu or task.devices)
    expected = [copies_placed(state, task, is_divisible=True) for state in states]

    assert copies_of(fleet_of(states), task) == expected


@given(whole_nodes, undivided_tasks)
def test_as_many_copies_find_room_where_devices_are_counted(states: list[NodeState], task: Task) -> None:
    """They have one column for all of them."""
    assume(task.cpu or task.devices)
    expected = [copies_placed(counted(state), task, is_divisible=False) for state in states]

    assert copies_of(counted_fleet(states), task) == expected


def test_a_task_that_asks_nothing_finds_room_everywhere_and_takes_none() -> None:
    """Pods without requests are common, and must not make the last cpu of a node look dear."""
    subject = fleet(node(cpu=8000), node(cpu=1), node(cpu=0, left=(0,)))
    before = room(subject, mix_of({Task(0): 1}).every, np.arange(3))

    assert len(set(before.copies.ravel())) == 1
    assert before.without(repeated(Task(1), 3), np.full(3, 1000)).copies.tolist() == before.copies.tolist()


def test_a_task_with_a_device_and_no_cpu_finds_room_where_no_cpu_is_left() -> None:
    """It fits there, so it counts there."""
    assert copies_of(fleet(node(cpu=0)), Task(0, 1)) == [2]


def test_copies_by_hand() -> None:
    """Two whole devices and 500 of a third, 5 cpu."""
    subject = fleet(node(cpu=5000, left=(1000, 1000, 500)))

    assert copies_of(subject, Task(1000, 1, 500)) == [5]
    assert copies_of(subject, Task(2000, 1, 500)) == [2]
    assert copies_of(subject, Task(1000, 1, 400)) == [5]
    assert copies_of(subject, Task(0, 1, 400)) == [5]
    assert copies_of(subject, Task(0, 2)) == [1]
    assert copies_of(subject, Task(0, 3)) == [0]
    assert copies_of(subject, Task(0, 1, 500, ("h100",))) == [0]


def assert_without_is_taking(subject: Fleet, task: Task, mix: Mix) -> None:
    """Assert that what stays without the task is the room of each node and device that has taken it."""
    for row in subject.feasible(task, 0).tolist():
        columns = [column for column in range(subject.left.shape[1]) if subject.left[row, column] >= task.milli]
        for column in columns if task.is_share else [-1]:
            left = np.array([subject.left[row, column] if task.is_share else WHOLE])
            foreseen = room(subject, mix.every, np.array([row])).without(repeated(task, 1), left).copies
            taken = Taken(row, subject.columns_for(task, row, column))
            subject.take(task, 0, taken)
            assert foreseen.tolist() == room(subject, mix.every, np.array([row])).copies.tolist()
            subject.give_back(task, 0, taken)


@given(nodes, shares | whole_tasks | st.just(Task(500)), mixes)
def test_what_stays_without_a_task_is_what_is_there_once_it_is_placed(
    states: list[NodeState], task: Task, mix: Mix
) -> None:
    """On each node and each device on which it fits."""
    assert_without_is_taking(fleet_of(states), task, mix)


@given(whole_nodes, undivided_tasks, mixes)
def test_what_stays_without_a_task_where_devices_are_counted(states: list[NodeState], task: Task, mix: Mix) -> None:
    """The same law."""
    assert_without_is_taking(counted_fleet(states), task, mix)


@given(nodes, mixes)
def test_copies_of_some_nodes_are_those_of_all(states: list[NodeState], mix: Mix) -> None:
    """A row asked about alone, or several times, says the same."""
    subject = fleet_of([replace(state, name=f"m{number}") for number, state in enumerate(states)])
    every = room(subject, mix.every, np.arange(len(states))).copies

    twice = np.array([0, *range(len(states)), 0])
    assert room(subject, mix.every, twice).copies.tolist() == every[twice].tolist()

"""What a fleet says is left, and that taking and giving back are each other's undoing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.arrays import Ints
from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.mix import mix_of
from placement.scheduling.policies.random_fit import RandomFit
from placement.scheduling.replay import Arrival, Step, place
from placement.scheduling.tasks import Task
from tests.placement.scheduling.fleets import (
    arrivals,
    arrivals_of,
    counted,
    fleet,
    node,
    nodes,
    undivided_tasks,
    whole_nodes,
)

NOTHING_EXPECTED = mix_of({})


def left_of(subject: Fleet) -> tuple[Ints, ...]:
    """Return a copy of what is left."""
    return subject.cpu.copy(), subject.memory.copy(), subject.left.copy(), subject.count.copy()


def same(one: tuple[Ints, ...], other: tuple[Ints, ...]) -> bool:
    """Tell whether as much is left."""
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_a_fleet_knows_what_each_node_was_given() -> None:
    """Nodes with fewer devices have columns with nothing left."""
    subject = fleet(node("a", left=(1000, 250)), node("b", cpu=500, left=(1000,), classes=("h100",), memory=8))

    assert subject.names == ("a", "b")
    assert subject.cpu.tolist() == [8000, 500]
    assert subject.memory.tolist() == [64, 8]
    assert subject.left.tolist() == [[1000, 250], [1000, 0]]
    assert subject.idle.tolist() == [1250, 1000]
    assert subject.capacity.tolist() == [2000, 1000]
    assert subject.tie.tolist() == [0, 1]
    assert [subject.kinds[kind] for kind in subject.kind] == [("t4",), ("h100",)]


def test_a_fleet_without_nodes_has_nowhere_to_put_anything() -> None:
    """It answers all the same."""
    subject = fleet()

    assert subject.feasible(Task(0), 0).tolist() == []
    assert subject.feasible(Task(0, 1), 0).tolist() == []


def test_what_is_below_zero_counts_as_nothing() -> None:
    """A node may be held beyond what it has."""
    subject = fleet(node(left=(1000, -250), cpu=-1, memory=-1))

    assert (subject.cpu[0], subject.memory[0], subject.idle[0]) == (0, 0, 1000)


def test_putting_a_node_replaces_what_was_known_of_it() -> None:
    """Its class and devices as well; only its stamp grows."""
    subject = fleet(node("a", left=(1000, 1000)), node("b"))
    stamps = subject.stamp.copy()

    subject.put(0, node("a", left=(500,), classes=("h100",)))

    assert subject.left[0].tolist() == [500, 0]
    assert subject.kinds[subject.kind[0]] == ("h100",)
    assert subject.stamp[0] == subject.now > stamps[0]
    assert subject.stamp[1] == stamps[1]


@pytest.mark.parametrize(
    ("task", "memory", "names"),
    [
        pytest.param(Task(4000), 0, "abc", id="cpu alone"),
        pytest.param(Task(4001), 0, "bc", id="more cpu"),
        pytest.param(Task(0), 64, "ab", id="memory"),
        pytest.param(Task(0, 1), 0, "ab", id="a whole device"),
        pytest.param(Task(0, 2), 0, "b", id="two whole devices"),
        pytest.param(Task(0, 3), 0, "", id="more devices than any has"),
        pytest.param(Task(0, 1, 500), 0, "abc", id="a share"),
        pytest.param(Task(0, 1, 600), 0, "ab", id="a larger share"),
        pytest.param(Task(0, 1, 500, ("h100",)), 0, "c", id="a class"),
        pytest.param(Task(0, 1, 500, ("t4", "h100")), 0, "ac", id="one of two classes"),
        pytest.param(Task(0, 0, 1000, ("h100",)), 0, "abc", id="a class, but no device of it"),
    ],
)
def test_a_task_fits_where_all_that_it_asks_is_left(task: Task, memory: int, names: str) -> None:
    """Each node lacks something else."""
    subject = fleet(
        node("a", cpu=4000, left=(1000, 100), classes=("t4",)),
        node("b", left=(1000, 1000), classes=("a100", "l4")),
        node("c", left=(500, 500), classes=("h100",), memory=8),
    )

    assert "".join(subject.names[row] for row in subject.feasible(task, memory)) == names


def test_whole_devices_are_the_first_idle_ones_and_a_share_is_where_it_was_put() -> None:
    """A device in use is passed over."""
    subject = fleet(node(left=(1000, 250, 1000, 1000)))

    assert subject.columns_for(Task(0, 2), 0, -1) == (0, 2)
    assert subject.columns_for(Task(0, 1, 250), 0, 1) == (1,)
    assert subject.columns_for(Task(0), 0, -1) == ()


def test_counted_devices_are_taken_by_their_number() -> None:
    """They share one column."""
    state = replace(node(), left=(1000,), count=(3,), capacity=4000)
    subject = fleet_of([state], is_divisible=False)

    subject.take(Task(0, 2), 0, Taken(0, subject.columns_for(Task(0, 2), 0, -1)))

    assert (subject.left[0, 0], subject.count[0, 0], subject.idle[0]) == (1000, 1, 1000)
    assert subject.feasible(Task(0, 1), 0).tolist() == [0]
    assert subject.feasible(Task(0, 2), 0).tolist() == []


@given(nodes, arrivals, st.data())
def test_giving_back_undoes_taking(states: list[NodeState], pods: list[Arrival], data: st.DataObject) -> None:
    """In any order; until then exactly what the tasks ask is gone."""
    undone_in_any_order(fleet_of(states), pods, data)


@given(whole_nodes, arrivals_of(undivided_tasks), st.data())
def test_giving_back_undoes_taking_of_counted_devices(
    states: list[NodeState], pods: list[Arrival], data: st.DataObject
) -> None:
    """There it is counts that come back."""
    undone_in_any_order(fleet_of([counted(state) for state in states], is_divisible=False), pods, data)


def undone_in_any_order(subject: Fleet, pods: list[Arrival], data: st.DataObject) -> None:
    """Assert that tasks which come and go in another order leave nothing behind."""
    before, policy = left_of(subject), RandomFit(1)
    steps = [place(pod, subject, policy, NOTHING_EXPECTED) for pod in pods]
    placed = [step for step in steps if step.taken]

    assert sum(before[0]) - sum(subject.cpu) == sum(step.arrival.task.cpu for step in placed)
    assert sum(before[1]) - sum(subject.memory) == sum(step.arrival.memory for step in placed)
    assert (before[2] * before[3]).sum() - subject.idle.sum() == sum(step.arrival.task.asked for step in placed)

    for step in data.draw(st.permutations(placed)):
        give_back(subject, step)
    assert same(before, left_of(subject))


def give_back(subject: Fleet, step: Step) -> None:
    """Count a placed task no longer."""
    assert step.taken is not None
    subject.give_back(step.arrival.task, step.arrival.memory, step.taken)

"""What nodes cost for tasks: kept, computed at once or beforehand, it is what would be computed anew."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.scheduling.arrays import Rows
from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.outlook import Outlook, outlook
from placement.scheduling.policies.berth import assess, costs
from placement.scheduling.policies.random_fit import RandomFit
from placement.scheduling.replay import Arrival, place
from placement.scheduling.task_columns import TaskColumns, columns_of, repeated
from placement.scheduling.tasks import WHOLE, Task
from placement.scheduling.valuations import FEW_TASKS, MOST_TASKS, VALUES, Valuations, Worth
from tests.placement.scheduling.fleets import (
    arrivals,
    counted,
    fleet,
    mixes,
    node,
    nodes,
    tasks,
    undivided_tasks,
    whole_nodes,
)

several = settings(max_examples=60)
turned = st.builds(lambda mix, share: replace(mix, turnover=share), mixes, st.sampled_from([0.0, 0.7]))
tasks_asked = st.lists(tasks, min_size=1, max_size=4, unique=True)
MIX = mix_of({Task(1000, 1): 3, Task(1000, 1, 250): 2})


def told(worth: Worth) -> list[tuple[float, int]]:
    """Return costs and columns to the last bit; of nodes that cannot have the task the column says nothing."""
    pairs = zip(worth.cost.tolist(), worth.column.tolist(), strict=True)
    return [(cost, column if np.isfinite(cost) else -1) for cost, column in pairs]


def anew(subject: Fleet, basis: Outlook, task: Task, rows: Rows) -> list[tuple[float, int]]:
    """Return what a task costs on nodes, each computed alone."""
    return [told(assess(columns_of([task]), subject, basis, np.array([row])))[0] for row in rows]


class Watched:
    """Assesses, and remembers how many values it was asked for."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def __call__(self, asked: TaskColumns, subject: Fleet, basis: Outlook, rows: Rows) -> Worth:
        """Return what tasks are worth."""
        self.counts.append(len(rows))
        return assess(asked, subject, basis, rows)


def assert_prepared(kept: Valuations, watched: Watched, asked: list[Task], at_once: int) -> None:
    """Assert that all is computed beforehand, by few calls of few values, and nothing again when it is asked for."""
    rows, calls = np.arange(len(kept.fleet.names)), 1
    most = len(asked) * (len(rows) // at_once + 1) + 1
    while not kept.prepare(asked, at_once):
        calls += 1
        assert calls <= most
    assert max(watched.counts) <= at_once
    watched.counts.clear()

    for task in asked:
        assert told(kept.of(task, rows)) == anew(kept.fleet, kept.basis, task, rows)
    assert watched.counts == []


@several
@given(nodes, turned, arrivals, tasks_asked, st.data())
def test_values_are_what_would_be_computed_anew(
    states: list[NodeState], mix: Mix, pods: list[Arrival], asked: list[Task], data: st.DataObject
) -> None:
    """After tasks have come and gone, whichever nodes are asked about and whatever was computed beforehand."""
    subject, policy = fleet_of(states), RandomFit(1)
    kept = Valuations(assess, subject, outlook(subject, mix))
    for number, pod in enumerate(pods):
        step = place(pod, subject, policy, mix)
        if step.taken and number % 3 == 0:
            subject.give_back(pod.task, pod.memory, step.taken)
        if data.draw(st.booleans()):
            kept.prepare(asked, data.draw(st.integers(1, 6)))
        some = np.array(data.draw(st.lists(st.sampled_from(range(len(states))), unique=True)), np.intp)
        for task in asked[: number % 3]:
            assert told(kept.of(task, some)) == anew(subject, kept.basis, task, some)


@several
@given(nodes, mixes, tasks_asked, st.integers(1, 7))
def test_once_all_was_prepared_nothing_is_computed_when_it_is_asked_for(
    states: list[NodeState], mix: Mix, asked: list[Task], at_once: int
) -> None:
    """Which takes each task as many calls as there are values by so many at once, and one more at most."""
    subject, watched = fleet_of(states), Watched()
    assert_prepared(Valuations(watched, subject, outlook(subject, mix)), watched, asked, at_once)


@several
@given(nodes, turned, tasks_asked, st.integers(1, 3))
def test_all_is_prepared_again_however_much_has_changed(
    states: list[NodeState], mix: Mix, asked: list[Task], at_once: int
) -> None:
    """As when a class is edited that all nodes have."""
    subject, watched = fleet_of(states), Watched()
    kept = Valuations(watched, subject, outlook(subject, mix))
    for _ in range(2):
        for row, state in enumerate(states):
            subject.put(row, replace(state, cpu=int(subject.cpu[row]) + row + 1, tasks=int(subject.tasks[row]) + 1))
        assert_prepared(kept, watched, asked, at_once)


@several
@given(nodes, mixes, st.lists(tasks, min_size=1, max_size=8), st.data())
def test_many_tasks_at_once_cost_what_each_costs_alone_to_the_last_bit(
    states: list[NodeState], mix: Mix, asked: list[Task], data: st.DataObject
) -> None:
    """Otherwise what was prepared would break ties otherwise than what was not."""
    subject = fleet_of(states)
    basis = outlook(subject, mix)
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(states))), min_size=len(asked), max_size=len(asked))))
    every = told(assess(columns_of(asked), subject, basis, rows))

    assert every == [anew(subject, basis, task, rows[[index]])[0] for index, task in enumerate(asked)]


def assert_least_of_devices(subject: Fleet, task: Task, basis: Outlook) -> None:
    """Assert that a node costs what its cheapest device does, the first of those."""
    for row, (cost, column) in enumerate(anew(subject, basis, task, np.arange(len(subject.names)))):
        left = subject.left[row] if task.is_share else np.array([WHOLE])
        some = np.flatnonzero(left >= task.milli) if task.is_share else np.array([0])
        every = costs(repeated(task, len(some)), subject, basis, np.full(len(some), row), left[some]).total.tolist()
        expected = min(zip(every, some.tolist(), strict=True), default=(np.inf, -1))
        assert (cost, column) == expected


@several
@given(nodes, tasks, mixes)
def test_a_node_costs_what_its_cheapest_device_does(states: list[NodeState], task: Task, mix: Mix) -> None:
    """Of those alike the first; without a device that has enough left the cost is infinite."""
    subject = fleet_of(states)
    assert_least_of_devices(subject, task, outlook(subject, mix))


@several
@given(whole_nodes, undivided_tasks, mixes)
def test_a_node_costs_what_its_devices_do_where_they_are_counted(states: list[NodeState], task: Task, mix: Mix) -> None:
    """The same law."""
    subject = fleet_of([counted(state) for state in states], is_divisible=False)
    assert_least_of_devices(subject, task, outlook(subject, mix))


def test_only_nodes_that_changed_are_computed_again() -> None:
    """A question asked again computes nothing, one after a change the node that changed."""
    subject, watched, task = fleet(node(), node(), node(cpu=1)), Watched(), Task(0, 1)
    kept, rows = Valuations(watched, subject, outlook(subject, MIX)), np.arange(3)
    kept.of(task, rows)
    kept.of(task, rows)
    subject.take(task, 0, Taken(1, (0,)))
    kept.of(task, rows)

    assert watched.counts == [2, 1]


def test_nodes_in_the_same_state_are_computed_once() -> None:
    """Until one of them is in another, and again when it is back."""
    subject, watched, task = fleet(*[node(f"n{number}", memory=number) for number in range(4)]), Watched(), Task(0, 1)
    kept, rows, taken = Valuations(watched, subject, outlook(subject, MIX)), np.arange(4), Taken(1, (0,))
    kept.of(task, rows)
    subject.take(task, 0, taken)
    kept.of(task, rows)
    subject.give_back(task, 0, taken)
    for row in range(4):
        subject.take(task, 0, Taken(row, (1,)))
    kept.prepare([task])

    assert watched.counts == [1, 1, 1]
    assert told(kept.of(task, rows)) == anew(subject, kept.basis, task, rows)


def test_of_many_tasks_those_asked_about_last_are_kept() -> None:
    """So many values as are kept in all, of a few tasks in any case."""
    states = [NodeState(f"n{number}", 8000, 64, (WHOLE,), (1,), WHOLE) for number in range(VALUES // FEW_TASKS)]
    subject, watched = fleet_of(states, is_divisible=False), Watched()
    kept, first = Valuations(watched, subject, outlook(subject, MIX)), np.array([0])
    for cpu in (*range(FEW_TASKS), 0, FEW_TASKS):
        kept.of(Task(cpu, 1), first)
    watched.counts.clear()

    kept.of(Task(0, 1), first)
    assert watched.counts == []
    assert kept.likely[:2] == [Task(0, 1), Task(FEW_TASKS, 1)]
    kept.of(Task(1, 1), first)
    assert watched.counts == [1]


def test_of_few_nodes_no_more_tasks_are_kept_than_anybody_asks_about() -> None:
    """Where each pod asks for something else memory has a bound that does not depend on the number of nodes."""
    subject, watched = fleet(node()), Watched()
    kept, first = Valuations(watched, subject, outlook(subject, MIX)), np.array([0])
    for cpu in range(MOST_TASKS + 1):
        kept.of(Task(cpu, 1), first)
    watched.counts.clear()

    kept.of(Task(1, 1), first)
    assert watched.counts == []
    kept.of(Task(0, 1), first)
    assert watched.counts == [1]

"""How much of idle devices the expected tasks cannot use, row by row of FGD's table and as laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.arrays import Floats, Rows
from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.fragmentation import fragmentation, increase
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies.random_fit import RandomFit
from placement.scheduling.replay import Arrival, place
from placement.scheduling.tasks import Task
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


def stranded(state: NodeState, *expected: Task) -> float:
    """Return what is stranded on one node where these tasks are expected alike."""
    mix = mix_of(dict.fromkeys(expected, 1))
    return float(fragmentation(fleet(state), mix, np.array([0]))[0])


def rows(of: Fleet) -> Rows:
    """Return the rows of all nodes."""
    return np.arange(len(of.names))


@pytest.mark.parametrize(
    ("task", "stranded_milli"),
    [
        pytest.param(Task(1000), 1700, id="no device asked"),
        pytest.param(Task(9000), 1700, id="no device asked, cpu short"),
        pytest.param(Task(1000, 1, 500, ("h100",)), 1700, id="class not allowed"),
        pytest.param(Task(1000, 1, 500, ("h100", "t4")), 200, id="fits, one class of two"),
        pytest.param(Task(1000, 1, 500), 200, id="a share fits"),
        pytest.param(Task(4000, 1, 1000), 700, id="a whole device fits"),
        pytest.param(Task(4001, 1, 500), 1700, id="cpu short"),
        pytest.param(Task(1000, 2), 1700, id="devices short"),
        pytest.param(Task(4001, 2), 1700, id="both short"),
    ],
)
def test_each_row_of_the_table_counts_what_it_says(task: Task, stranded_milli: int) -> None:
    """The node has 4 cpus and devices with 1000, 500 and 200 thousandths left."""
    state = node(cpu=4000, left=(1000, 500, 200))

    assert stranded(state, task) == stranded_milli


def test_expected_tasks_count_by_their_popularity() -> None:
    """Half of what the one strands and half of what the other does."""
    state = node(cpu=4000, left=(1000, 500, 200))

    assert stranded(state, Task(1000, 1, 500), Task(1000, 2)) == (200 + 1700) / 2


def test_without_idle_devices_nothing_is_stranded() -> None:
    """And an empty mix strands all there is."""
    assert stranded(node(left=(0, 0)), Task(1000, 1)) == 0
    assert stranded(node(left=(1000, 250))) == 1250


def by_the_table(state: NodeState, mix: Mix) -> float:
    """Return F of a node as the table says it, case by case."""
    everything, total = sum(state.left), 0.0
    for task, popularity in zip(mix.tasks, mix.popularity, strict=True):
        is_admitted = not task.classes or bool(set(task.classes) & set(state.classes))
        on_devices = sum(left >= task.milli for left in state.left) >= task.devices
        if task.devices and is_admitted and on_devices and state.cpu >= task.cpu:
            total += popularity * sum(left for left in state.left if left < task.milli)
        else:
            total += popularity * everything
    return total if mix.tasks else everything


@given(nodes, mixes)
def test_the_closed_form_is_the_table(states: list[NodeState], mix: Mix) -> None:
    """Of each node as if it were alone; never below nothing, never above what is idle."""
    subject = fleet_of(states)

    found = fragmentation(subject, mix, rows(subject))

    assert found == pytest.approx([by_the_table(state, mix) for state in states], abs=1e-6)
    assert (found >= -1e-6).all()
    assert (found <= subject.idle + 1e-6).all()


@given(whole_nodes, mixes, tasks)
def test_devices_that_are_counted_are_worth_as_much_as_each_by_itself(
    states: list[NodeState], mix: Mix, task: Task
) -> None:
    """Where all are whole or taken; a share may go to any whole device."""
    one, other = fleet_of(states), fleet_of([counted(state) for state in states], is_divisible=False)
    whole = [row for row in one.feasible(task, 0) if one.idle[row]]
    columns = one.left[whole].argmax(1) if task.is_share else np.zeros(len(whole), np.intp)

    grown = increase(task, one, mix, rows(one))

    assert (fragmentation(one, mix, rows(one)) == fragmentation(other, mix, rows(other))).all()
    assert (grown[whole, columns] == increase(task, other, mix, rows(other))[whole, 0]).all()


@given(nodes, mixes, tasks)
def test_the_increase_is_what_the_task_strands_once_it_is_there(states: list[NodeState], mix: Mix, task: Task) -> None:
    """On each node and device on which it fits."""
    subject = fleet_of(states)
    grown = increase(task, subject, mix, rows(subject))
    for row in subject.feasible(task, 0):
        before = fragmentation(subject, mix, np.array([row]))
        for column in range(grown.shape[1]):
            if not np.isfinite(grown[row, column]):
                assert subject.left[row, column] < task.milli
                continue
            taken = Taken(int(row), subject.columns_for(task, int(row), column))
            subject.take(task, 0, taken)
            after = fragmentation(subject, mix, np.array([row]))
            subject.give_back(task, 0, taken)
            assert grown[row, column] == pytest.approx(float(after[0] - before[0]), abs=1e-6)


@given(whole_nodes, mixes, undivided_tasks)
def test_the_increase_holds_for_counted_devices_as_well(states: list[NodeState], mix: Mix, task: Task) -> None:
    """There a task takes as many as it asks."""
    subject = fleet_of([counted(state) for state in states], is_divisible=False)
    grown = increase(task, subject, mix, rows(subject))
    for row in subject.feasible(task, 0):
        before = fragmentation(subject, mix, np.array([row]))
        subject.take(task, 0, Taken(int(row), subject.columns_for(task, int(row), 0)))
        after = fragmentation(subject, mix, np.array([row]))
        assert grown[row, 0] == pytest.approx(float(after[0] - before[0]), abs=1e-6)


@pytest.mark.parametrize(
    ("task", "stranded_milli"),
    [
        pytest.param(Task(0, 1, 190), [405, 60], id="a share that leaves no whole device, or one"),
        pytest.param(Task(0, 1, 500), [250, -250], id="half a device, opened or filled"),
        pytest.param(Task(0, 1, 810), [190, np.inf], id="a share too large for the other device"),
        pytest.param(Task(0, 1), [0], id="a whole device"),
        pytest.param(Task(3000), [1250], id="cpu that others would need"),
    ],
)
def test_the_increase_is_known_for_each_device_that_a_share_may_go_to(task: Task, stranded_milli: list[float]) -> None:
    """Halves and whole devices are expected alike, with 2 cpus each, beside 4 cpus and 1000 and 500 left."""
    mix = mix_of({Task(2000, 1, 500): 1, Task(2000, 1): 1})

    assert increase(task, fleet(node(cpu=4000, left=(1000, 500))), mix, np.array([0])).tolist() == [stranded_milli]


@pytest.mark.parametrize("some", [1, 2, 3, 5, 17])
def test_a_node_counts_alike_to_the_last_bit_whoever_is_asked_about_with_it(some: int) -> None:
    """Otherwise ties between nodes alike would be broken by the rows that were asked about."""
    chance = np.random.default_rng(some)
    drawn = chance.choice([0, 190, 333, 500, 810, 1000], (100, 8)).tolist()
    subject = fleet(*(node(cpu=cpu, left=tuple(left)) for cpu, left in enumerate(drawn)))
    mix = mix_of({Task(cpu, 1, 10 * cpu): 1 + cpu % 7 for cpu in range(1, 100, 2)})
    few = chance.permutation(100)[:some]

    assert (fragmentation(subject, mix, few) == fragmentation(subject, mix, rows(subject))[few]).all()
    for task in (Task(0, 1, 190), Task(0, 1), Task(50)):
        assert (increase(task, subject, mix, few) == increase(task, subject, mix, rows(subject))[few]).all()


@given(nodes, mixes, arrivals, st.lists(tasks, min_size=1, max_size=3), st.data())
def test_what_is_kept_is_what_would_be_computed_anew(
    states: list[NodeState], mix: Mix, pods: list[Arrival], asked: list[Task], data: st.DataObject
) -> None:
    """After any tasks have come and gone, whichever nodes are asked about, to the last bit."""
    subject, kept, policy = fleet_of(states), Kept(increase), RandomFit(1)
    for number, pod in enumerate(pods):
        step = place(pod, subject, policy, mix)
        if step.taken and number % 3 == 0:
            subject.give_back(pod.task, pod.memory, step.taken)
        some = np.array(data.draw(st.lists(st.sampled_from(range(len(states))), unique=True)), np.intp)
        for task in asked[: number % 3]:
            assert (kept.of(task, subject, mix, some) == increase(task, subject, mix, some)).all()


class Watched:
    """Computes what a task would strand, and remembers the task and how many nodes it was asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[Task, int]] = []

    def __call__(self, task: Task, fleet: Fleet, mix: Mix, rows: Rows) -> Floats:
        """Return the increase."""
        self.asked.append((task, len(rows)))
        return increase(task, fleet, mix, rows)


def test_only_nodes_that_changed_are_computed_again() -> None:
    """A question asked again computes nothing, one after a change the node that changed."""
    subject, mix, task = fleet(node(), node(), node()), mix_of({Task(0, 1): 1}), Task(0, 1)
    watched = Watched()
    kept = Kept(watched)
    kept.of(task, subject, mix, rows(subject))
    watched.asked.clear()

    kept.of(task, subject, mix, rows(subject))
    subject.take(task, 0, Taken(1, (0,)))
    kept.of(task, subject, mix, rows(subject))

    assert watched.asked == [(task, 1)]


def test_values_of_another_mix_or_fleet_or_of_a_task_long_not_asked_about_are_computed_anew() -> None:
    """Mixes are told apart by identity; two tasks are kept, those last asked about."""
    subject, mix, task = fleet(node()), mix_of({Task(0, 1): 1}), Task(0, 1)
    watched = Watched()
    kept = Kept(watched, size=2)
    questions = (
        (task, subject, mix),
        (task, subject, mix_of({Task(0, 1): 1})),
        (task, fleet(node()), mix),
        (Task(1), subject, mix),
        (Task(2), subject, mix),
        (task, subject, mix),
    )
    for asked in questions:
        watched.asked.clear()
        kept.of(*asked, np.array([0]))
        assert watched.asked


def test_what_was_asked_about_last_is_kept_longest() -> None:
    """The third task takes the place of the second, not of the first."""
    subject, mix, watched = fleet(node()), mix_of({Task(0, 1): 1}), Watched()
    kept = Kept(watched, size=2)
    for task in (Task(1), Task(2), Task(1), Task(3)):
        kept.of(task, subject, mix, np.array([0]))
    watched.asked.clear()

    kept.of(Task(1), subject, mix, np.array([0]))

    assert watched.asked == []

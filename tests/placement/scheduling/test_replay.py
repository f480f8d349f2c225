"""What becomes of arrivals, and the laws of any replay with any policy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies import POLICIES
from placement.scheduling.policies.best_fit import BestFit
from placement.scheduling.replay import Arrival, Step, Want, place, replay, want
from placement.scheduling.tasks import WHOLE, Task
from tests.placement.scheduling.fleets import (
    Known,
    arrivals,
    arrivals_of,
    counted,
    fleet,
    mixes,
    node,
    nodes,
    undivided_tasks,
    whole_nodes,
)

policies = st.sampled_from(sorted(POLICIES))


def steps_of(subject: Fleet, pods: list[Arrival], policy: str, mix: Mix) -> list[Step]:
    """Return what becomes of the arrivals on the fleet."""
    return list(replay(pods, subject, POLICIES[policy](1), Known(mix)))


def test_an_arrival_is_put_where_the_policy_says_and_is_counted_there() -> None:
    """The second finds what the first left."""
    subject = fleet(node("a", left=(1000, 1000)), node("b", left=(1000, 600)))
    pods = [Arrival(Task(1000, 1, 500), 8), Arrival(Task(1000, 1, 500), 8)]

    steps = list(replay(pods, subject, BestFit(), Known(mix_of({}))))

    assert [step.taken for step in steps] == [Taken(1, (1,)), Taken(1, (0,))]
    assert subject.left.tolist() == [[1000, 1000], [500, 100]]
    assert (subject.cpu[1], subject.memory[1]) == (6000, 48)


def test_an_arrival_that_fits_nowhere_is_dropped_and_the_next_is_tried() -> None:
    """It takes nothing."""
    subject = fleet(node(left=(1000, 1000)))
    pods = [Arrival(Task(0, 3)), Arrival(Task(0, 2))]

    steps = list(replay(pods, subject, BestFit(), Known(mix_of({}))))

    assert steps == [Step(pods[0], None, Want.DEVICES), Step(pods[1], Taken(0, (0, 1)))]


def test_an_arrival_is_seen_before_it_is_placed_if_it_seems_to_fit() -> None:
    """Sums of what is left decide, as in a cluster: a task may be seen and yet fit nowhere."""
    known = Known(mix_of({}))
    pods = [Arrival(Task(0, 1, 600)), Arrival(Task(0, 1, 600)), Arrival(Task(0, 1)), Arrival(Task(0, 1, 801))]

    steps = replay(pods, fleet(node(left=(1000, 1000))), BestFit(), known)

    assert [(len(known.seen), step.taken) for step in steps] == [
        (1, Taken(0, (0,))),
        (2, Taken(0, (1,))),
        (2, None),
        (2, None),
    ]


@given(nodes, arrivals, policies, mixes)
def test_what_fits_seems_to_fit(states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix) -> None:
    """Whatever is taken already."""
    subject, chosen = fleet_of(states), POLICIES[policy](1)
    for pod in pods:
        assert subject.seems_to_fit(*pod) or not len(subject.feasible(*pod))
        place(pod, subject, chosen, mix)


@pytest.mark.parametrize(
    ("task", "memory", "missing"),
    [
        pytest.param(Task(0, 1, WHOLE, ("h100",)), 0, Want.CLASS, id="no such class"),
        pytest.param(Task(9000, 9, WHOLE, ("h100",)), 512, Want.CLASS, id="no such class, nor anything else"),
        pytest.param(Task(0, 3), 0, Want.DEVICES, id="too many devices"),
        pytest.param(Task(0, 2, WHOLE, ("a100",)), 0, Want.DEVICES, id="too many devices of the class"),
        pytest.param(Task(0, 1, 600, ("a100",)), 0, Want.DEVICES, id="too large a share of the class"),
        pytest.param(Task(9000, 3), 512, Want.DEVICES, id="too many devices, nor cpu, nor memory"),
        pytest.param(Task(2000, 2), 0, Want.CPU, id="cpu only where devices are too few"),
        pytest.param(Task(9000), 0, Want.CPU, id="no device asked"),
        pytest.param(Task(1000, 2), 64, Want.MEMORY, id="memory only where devices are too few"),
        pytest.param(Task(0), 65, Want.MEMORY, id="memory alone"),
    ],
)
def test_what_an_arrival_lacks_is_the_first_that_no_node_has_beside_what_comes_before(
    task: Task, memory: int, missing: Want
) -> None:
    """Class, devices, cpu, memory, in this order."""
    subject = fleet(
        node("a", cpu=1000, left=(1000, 1000), classes=("t4",), memory=8),
        node("b", cpu=8000, left=(500,), classes=("a100",), memory=64),
    )

    assert want(Arrival(task, memory), subject) == missing
    assert place(Arrival(task, memory), subject, BestFit(), mix_of({})).want == missing


def test_in_a_fleet_without_nodes_every_arrival_lacks_a_node() -> None:
    """Even one that asks for nothing."""
    assert want(Arrival(Task(0)), fleet()) == Want.CLASS


def test_to_lack_nothing_is_a_slip_of_the_caller() -> None:
    """Only what fits nowhere lacks anything."""
    with pytest.raises(AssertionError, match="fits somewhere"):
        want(Arrival(Task(0)), fleet(node()))


@given(nodes, arrivals, policies, mixes)
def test_no_policy_takes_more_than_there_is(
    states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix
) -> None:
    """Of no device, no cpu, no memory, after any step."""
    subject = fleet_of(states)
    for _ in replay(pods, subject, POLICIES[policy](1), Known(mix)):
        assert ((subject.left >= 0) & (subject.left <= WHOLE)).all()
        assert (subject.cpu >= 0).all()
        assert (subject.memory >= 0).all()
        assert (subject.idle <= subject.capacity).all()


@given(nodes, arrivals, policies, mixes)
def test_a_task_is_put_where_it_fits_or_lacks_something_by_name(
    states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix
) -> None:
    """What feasible() says is neither overruled nor left unused."""
    subject, chosen = fleet_of(states), POLICIES[policy](1)
    for pod in pods:
        fits = subject.feasible(*pod).tolist()
        step = place(pod, subject, chosen, mix)
        assert step.taken.row in fits if step.taken else not fits
        assert (step.want is None) == (step.taken is not None)


@given(nodes, arrivals, policies, mixes)
def test_a_share_stays_on_one_device_and_whole_devices_are_idle_before(
    states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix
) -> None:
    """Exactly what a task asks is gone from exactly its devices."""
    subject, chosen = fleet_of(states), POLICIES[policy](1)
    for pod in pods:
        before = subject.left.copy()
        taken = place(pod, subject, chosen, mix).taken
        if taken is None:
            assert (before == subject.left).all()
            continue
        assert len(set(taken.columns)) == len(taken.columns) == pod.task.devices
        gone = before - subject.left
        assert all(gone[taken.row, column] == pod.task.milli for column in taken.columns)
        assert gone.sum() == pod.task.asked


@given(nodes, arrivals, policies, mixes, st.data())
def test_the_order_of_nodes_does_not_matter_where_their_ties_go_with_them(
    states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix, data: st.DataObject
) -> None:
    """Nothing but the ties decides between equals."""
    order = data.draw(st.permutations(range(len(states))))
    one, other = fleet_of(states), fleet_of([states[row] for row in order], order)

    first, second = steps_of(one, pods, policy, mix), steps_of(other, pods, policy, mix)

    assert [_named(step, one) for step in first] == [_named(step, other) for step in second]


def _named(step: Step, subject: Fleet) -> tuple[str, tuple[int, ...]] | None:
    return (subject.names[step.taken.row], step.taken.columns) if step.taken else None


@given(whole_nodes, arrivals_of(undivided_tasks), policies, mixes)
def test_a_fleet_whose_devices_are_counted_is_filled_like_one_of_each_by_itself(
    states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix
) -> None:
    """As long as nobody asks for a share."""
    one, other = fleet_of(states), fleet_of([counted(state) for state in states], is_divisible=False)

    first, second = steps_of(one, pods, policy, mix), steps_of(other, pods, policy, mix)

    assert [step.taken and step.taken.row for step in first] == [step.taken and step.taken.row for step in second]
    assert (one.idle == other.idle).all()


@given(nodes, arrivals, policies, mixes)
def test_a_replay_repeated_is_the_same(states: list[NodeState], pods: list[Arrival], policy: str, mix: Mix) -> None:
    """Chance comes from the seed alone, and names of nodes decide nothing."""
    renamed = [replace(state, name=f"m{9 - index}") for index, state in enumerate(states)]

    assert steps_of(fleet_of(states), pods, policy, mix) == steps_of(fleet_of(renamed), pods, policy, mix)

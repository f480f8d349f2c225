"""Berth's policy: what it prefers, and that nothing but the state of nodes decides."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.scheduling.arrays import Ints
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies.berth import Berth, costs
from placement.scheduling.ranking import Place
from placement.scheduling.replay import Arrival, place
from placement.scheduling.task_columns import repeated
from placement.scheduling.tasks import WHOLE, Task
from placement.scheduling.valuations import Valuations
from tests.placement.scheduling.fleets import (
    arrivals,
    arrivals_of,
    counted,
    fleet,
    mixes,
    node,
    nodes,
    tasks,
    undivided_tasks,
    whole_nodes,
)

few = settings(max_examples=50)

EIGHT = (1000,) * 8


def order(policy: Berth, task: Task, subject: Fleet, mix: Mix) -> list[Place]:
    """Return the candidates for a task, the best first."""
    return list(policy.rank(task, subject, subject.feasible(task, 0), mix).ordered())


def chosen(task: Task, mix: Mix, *states: NodeState) -> tuple[str, int]:
    """Return the name of the node that is best for a task, and the column of its device."""
    subject = fleet(*states)
    best = order(Berth(), task, subject, mix)[0]
    return subject.names[best.row], best.column


def left_at(task: Task, subject: Fleet, places: list[Place]) -> Ints:
    """Return what is left of the device of each place, of a whole one where no device is named."""
    left = [subject.left[each.row, each.column] if task.is_share else WHOLE for each in places]
    return np.array(left, np.int64)


def assert_kept_costs_are_true(subject: Fleet, pods: list[Arrival], task: Task, mix: Mix) -> None:
    """Assert that the policy, which keeps much, tells of each place what it costs by the outlook that stands."""
    policy = Berth()
    for pod in pods:
        order(policy, task, subject, mix)
        place(pod, subject, policy, mix)
        policy.settle(subject, mix)
    found, basis = order(policy, task, subject, mix), policy.basis(subject, mix)
    assert isinstance(basis, Valuations)

    rows = np.array([each.row for each in found], np.intp)
    anew = costs(repeated(task, len(rows)), subject, basis.basis, rows, left_at(task, subject, found))
    assert [each.parts["cost"] for each in found] == anew.total.tolist()


@few
@given(nodes, arrivals, tasks, mixes)
def test_what_was_kept_from_earlier_questions_changes_no_answer(
    states: list[NodeState], pods: list[Arrival], task: Task, mix: Mix
) -> None:
    """Each candidate costs what it would if nothing had been kept, whatever was placed in between."""
    assert_kept_costs_are_true(fleet_of(states), pods, task, mix)


@few
@given(whole_nodes, arrivals_of(undivided_tasks), undivided_tasks, mixes)
def test_what_was_kept_changes_no_answer_where_devices_are_counted(
    states: list[NodeState], pods: list[Arrival], task: Task, mix: Mix
) -> None:
    """The same law."""
    subject = fleet_of([counted(state) for state in states], is_divisible=False)
    assert_kept_costs_are_true(subject, pods, task, mix)


@few
@given(nodes, tasks, mixes, st.data())
def test_the_order_of_nodes_decides_only_between_nodes_of_equal_state(
    states: list[NodeState], task: Task, mix: Mix, data: st.DataObject
) -> None:
    """In any other order, and by any other names, the same candidates stand in the same places."""
    shuffled = data.draw(st.permutations(states))
    one, other = (order(Berth(), task, fleet_of(each), mix) for each in (states, shuffled))

    def state(place: Place, of: list[NodeState]) -> tuple[NodeState, int, float]:
        return replace(of[place.row], name=""), place.column, place.parts["cost"]

    assert Counter(state(each, states) for each in one) == Counter(state(each, shuffled) for each in other)
    assert [{**each.parts, "tie": 0} for each in one] == [{**each.parts, "tie": 0} for each in other]


@few
@given(nodes, tasks, mixes)
def test_the_parts_of_a_cost_sum_to_it(states: list[NodeState], task: Task, mix: Mix) -> None:
    """What people are told is what decided."""
    subject, policy = fleet_of(states), Berth()
    found = order(policy, task, subject, mix)

    explanation = policy.explain(task, subject, mix, found)

    sums = [sum(explanation(number).values()) for number in range(len(found))]
    assert sums == pytest.approx([each.parts["cost"] for each in found], abs=1e-5)


def test_what_is_explained_later_is_what_decided() -> None:
    """Though the node has changed since, as it does when the pod is put there."""
    subject, policy, mix = fleet(node("n", 8000, EIGHT)), Berth(), mix_of({SINGLE: 3, WIDE: 1})
    (best,) = order(policy, SINGLE, subject, mix)
    explanation = policy.explain(SINGLE, subject, mix, [best])

    place(Arrival(WIDE), subject, policy, mix)

    assert sum(explanation(0).values()) == pytest.approx(best.parts["cost"], abs=1e-5)


SMALL, LARGE, HALF, SINGLE, WIDE = Task(500, 1, 190), Task(500, 1, 810), Task(500, 1, 500), Task(500, 1), Task(500, 8)


def test_a_small_share_fills_the_hole_beside_a_large_one_rather_than_open_a_device() -> None:
    """Whole devices are what large shares need, of which many are expected."""
    mix = mix_of({LARGE: 5, SMALL: 5})

    assert chosen(SMALL, mix, node("idle"), node("holed", left=(1000, 190))) == ("holed", 1)


def test_of_holes_whose_rest_is_lost_in_any_case_the_one_on_the_fuller_node_is_filled() -> None:
    """Where only halves come, 100 of a hole of 600 are lost already."""
    mix = mix_of({HALF: 1})

    assert chosen(HALF, mix, node("loose", left=(600, 1000)), node("exact", left=(500, 1000))) == ("exact", 0)


def test_a_share_takes_what_would_be_wasted_rather_than_break_up_what_others_fill() -> None:
    """Two of 400 fill 800 and leave 200 of 1000; cpu for another one is on either node, so waste alone decides."""
    filling, odd = Task(4000, 1, 400), Task(0, 1, 100)
    mix = mix_of({filling: 20, odd: 1})

    assert chosen(odd, mix, node("filled-up", 4000, (800,)), node("with-a-rest", 4000, (1000,)))[0] == "with-a-rest"


@pytest.mark.parametrize("task", [SINGLE, SMALL], ids=["whole", "share"])
def test_a_small_pod_takes_the_started_node_so_that_eight_devices_stay_together(task: Task) -> None:
    """Pods that need all eight are expected."""
    mix = mix_of({SINGLE: 4, WIDE: 2, SMALL: 1})
    started = node("started", 96_000, (1000,) * 5 + (0, 0, 0))

    assert chosen(task, mix, node("idle", 96_000, EIGHT), started)[0] == "started"


def test_a_pod_without_devices_goes_where_all_devices_are_taken() -> None:
    """Elsewhere it takes the cpu that devices need."""
    mix = mix_of({Task(4000, 1): 4, Task(4000): 1})
    full, started = node("full", left=(0, 0)), node("started", left=(1000, 0))

    assert chosen(Task(4000), mix, started, full, node("idle"))[0] == "full"


def test_a_pod_without_devices_leaves_the_cpu_that_idle_devices_need() -> None:
    """Of two nodes with idle devices the one with cpu to spare."""
    mix = mix_of({Task(4000, 1): 4, Task(4000): 1})

    assert chosen(Task(4000), mix, node("tight", 8000), node("roomy", 16_000))[0] == "roomy"


def test_a_pod_of_any_class_leaves_the_class_that_others_insist_on() -> None:
    """Half of the pods run on an h100 alone."""
    mix = mix_of({SINGLE: 1, SINGLE._replace(classes=("h100",)): 1})

    assert chosen(SINGLE, mix, node("rare", classes=("h100",)), node("common"), node("common-too"))[0] != "rare"


def test_where_nothing_is_expected_the_fuller_node_wins() -> None:
    """Whole nodes and devices are left to whatever comes."""
    nothing = mix_of({})

    assert chosen(SINGLE, nothing, node("idle"), node("started", left=(1000, 300))) == ("started", -1)


def test_of_equal_nodes_the_one_of_the_least_tie_wins() -> None:
    """The order of names, wherever they stand."""
    subject = fleet_of([node("b"), node("a"), node("c")], [1, 0, 2])

    assert [each.row for each in order(Berth(), SINGLE, subject, mix_of({SINGLE: 1}))] == [1, 0, 2]


def test_a_node_is_one_candidate_with_its_best_device() -> None:
    """Of those alike the first, so that answers do not depend on how many there are."""
    subject, mix = fleet(node(left=(1000, 500, 1000, 500, 100))), mix_of({HALF: 1, SINGLE: 1})

    assert [each.column for each in order(Berth(), HALF, subject, mix)] == [1]
    assert [each.column for each in order(Berth(), LARGE, subject, mix)] == [0]

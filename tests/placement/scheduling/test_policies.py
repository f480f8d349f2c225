"""The scores of the published policies, and that every ranking is a total order."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.fleet import NodeState, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies import POLICIES, best_fit, dot_product, fgd, gpu_packing
from placement.scheduling.policies.best_fit import BestFit, stretched
from placement.scheduling.policies.gpu_clustering import GpuClustering
from placement.scheduling.policies.gpu_packing import GpuPacking
from placement.scheduling.policies.random_fit import RandomFit
from placement.scheduling.ranking import NO_COLUMN, Place, Policy, Ranking
from placement.scheduling.replay import Arrival, place
from placement.scheduling.tasks import Task
from tests.placement.scheduling.fleets import arrivals, fleet, mixes, node, nodes, tasks

NOTHING_EXPECTED = mix_of({})
G2 = node("g2", cpu=96_000, left=(1000,) * 8)
SHARE, WHOLE_DEVICE = Task(8000, 1, 500), Task(8000, 1)


def ranked(policy: Policy, task: Task, *states: NodeState) -> list[Place]:
    """Return the candidates of a policy on these nodes, the best first."""
    subject = fleet(*states)
    return list(policy.rank(task, subject, subject.feasible(task, 0), NOTHING_EXPECTED).ordered())


@given(nodes, arrivals, tasks, mixes, st.sampled_from(sorted(POLICIES)))
def test_every_policy_orders_all_nodes_on_which_a_task_fits_no_two_nodes_alike(
    states: list[NodeState], pods: list[Arrival], task: Task, mix: Mix, name: str
) -> None:
    """By its named parts alone, whatever was placed before."""
    subject, policy = fleet_of(states), POLICIES[name](1)
    for pod in pods:
        place(pod, subject, policy, mix)
    rows = subject.feasible(task, 0)

    order = list(policy.rank(task, subject, rows, mix).ordered())

    parts = [tuple(each.parts.values()) for each in order]
    assert parts == sorted(parts)
    assert len({(part, each.row) for part, each in zip(parts, order, strict=True)}) == len(set(parts))
    assert {each.row for each in order} == set(rows)
    assert all(each.column == NO_COLUMN or subject.left[each.row, each.column] >= task.milli for each in order)
    assert all((each.column == NO_COLUMN) != task.is_share for each in order)


columns = st.integers(1, 8).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 2), min_size=size, max_size=size), min_size=1, max_size=3)
)


@given(columns)
def test_the_winner_is_the_first_of_the_order(drawn: list[list[int]]) -> None:
    """Parts decide one after the other, less being better; where all are equal the earlier candidate comes first."""
    size = len(drawn[0])
    parts = {str(number): np.array(values) for number, values in enumerate(drawn)}
    ranking = Ranking(np.arange(size), np.full(size, NO_COLUMN), parts)

    order = list(ranking.ordered())

    assert ranking.winner == order[0]
    assert [each.row for each in order] == sorted(range(size), key=lambda row: [values[row] for values in drawn])


def test_where_nothing_fits_nobody_wins() -> None:
    """Whatever the policy."""
    for make in POLICIES.values():
        assert ranked(make(1), Task(0, 9), node()) == []


def test_best_fit_counts_what_is_left_beside_the_task_in_largest_nodes() -> None:
    """128 cpus and 8 devices: int(100 (1 - (88/128 + 7.5/8) / 2)) is 18."""
    subject = fleet(G2, node(cpu=8000, left=(500,)))

    assert best_fit.scores(SHARE, subject, NOTHING_EXPECTED, np.array([0, 1])).tolist() == [18, 100]


def test_best_fit_stretches_scores_over_the_nodes_in_question() -> None:
    """So that they differ less where the worst is bad; equal ones are all 0."""
    assert stretched(np.array([20, 50, 86])).tolist() == [0, 45, 100]
    assert stretched(np.array([7, 7])).tolist() == [0, 0]
    assert stretched(np.array([], np.int64)).tolist() == []


def test_best_fit_prefers_the_node_with_least_left_and_its_tightest_device() -> None:
    """The first of two devices as tight."""
    small = node("small", cpu=16_000, left=(1000, 600, 550, 550))

    assert ranked(BestFit(), SHARE, G2, small) == [
        Place(1, 2, {"score": -100, "tie": 1}),
        Place(0, 0, {"score": 0, "tie": 0}),
    ]


def test_dot_product_counts_how_far_what_is_left_lies_along_what_is_asked() -> None:
    """int(100 (1 - (96/128 * 64/128 + 8/8 * 4/8) / 2)) is 56."""
    subject = fleet(G2, node(cpu=64_000, left=(1000,) * 4))

    assert dot_product.scores(Task(64_000, 4), subject, NOTHING_EXPECTED, np.array([0, 1])).tolist() == [56, 75]


@pytest.mark.parametrize(
    ("task", "left", "points"),
    [
        pytest.param(SHARE, (1000,) * 8, 25, id="idle node of 8: 33 - 8"),
        pytest.param(SHARE, (1000,) * 20, 20, id="idle node of 20: as many as devices"),
        pytest.param(SHARE, (1000, 499), 49, id="opens a device of a used node: 50 - 1"),
        pytest.param(Task(0, 4), (1000,) * 4 + (0,), 46, id="opens four: 50 - 4"),
        pytest.param(Task(0, 18), (1000,) * 18 + (0,), 33, id="opens many: no less than 33"),
        pytest.param(SHARE, (1000, 500), 95, id="on a used device: 100 - 50 / 10"),
        pytest.param(SHARE, (1000, 799, 600), 94, id="on the tightest: 100 - 60 / 10"),
        pytest.param(SHARE, (999,), 91, id="rounded down twice: 100 - 99 / 10"),
        pytest.param(Task(0), (1000, 500), 0, id="no device asked"),
    ],
)
def test_gpu_packing_prefers_used_devices_then_used_nodes(task: Task, left: tuple[int, ...], points: int) -> None:
    """Each with a third of the points."""
    found = gpu_packing.scores(task, fleet(node(left=left)), NOTHING_EXPECTED, np.array([0]))

    assert found.tolist() == [points]


def test_gpu_packing_takes_the_tightest_device_of_the_best_node() -> None:
    """Of the first node among equals."""
    used = node(left=(1000, 700, 600))

    assert ranked(GpuPacking(), SHARE, G2, used, used)[0] == Place(1, 2, {"score": -94, "tie": 1})


@pytest.mark.parametrize(
    ("before", "task", "points"),
    [
        pytest.param([], SHARE, 25, id="nothing there"),
        pytest.param([Task(1000)], SHARE, 25, id="nothing there that asks for devices"),
        pytest.param([Task(0, 1, 200)], SHARE, 75, id="only shares"),
        pytest.param([Task(0, 1, 1000)], SHARE, 3, id="only others"),
        pytest.param([Task(0, 1, 200), Task(0, 2)], SHARE, 56, id="shares among others"),
        pytest.param([Task(0, 2), Task(0, 2)], Task(0, 2), 87, id="only pairs"),
        pytest.param([Task(0, 2)], Task(0, 1), 6, id="another number of devices"),
        pytest.param([Task(0, 1, 200)], Task(1000), 0, id="no device asked"),
    ],
)
def test_gpu_clustering_puts_tasks_of_one_size_together(before: list[Task], task: Task, points: int) -> None:
    """25 points more where all eight devices are taken."""
    subject, policy = fleet(G2), GpuClustering()
    for each in before:
        place(Arrival(each), subject, policy, NOTHING_EXPECTED)

    winner = policy.rank(task, subject, subject.feasible(task, 0), NOTHING_EXPECTED).winner

    assert winner is not None
    assert winner.parts["score"] == -points


def test_gpu_clustering_remembers_sizes_by_node() -> None:
    """A share goes to the node where shares are, and a pair, the first, to the node where nothing is."""
    subject, policy = fleet(G2, G2, G2), GpuClustering()
    for each in (Task(0, 1), Task(0, 1, 900), Task(0, 1)):
        place(Arrival(each), subject, policy, NOTHING_EXPECTED)

    assert subject.idle.tolist() == [6000, 7100, 8000]
    assert place(Arrival(SHARE), subject, policy, NOTHING_EXPECTED).taken == (1, (1,))
    assert place(Arrival(Task(0, 2)), subject, policy, NOTHING_EXPECTED).taken == (2, (0, 1))


def test_fgd_scores_by_the_sigmoid_of_the_growth_rounded_down() -> None:
    """50 where fragmentation stays, more where it shrinks; never a device with too little left.

    Shares of 500 are expected: a second one beside the first strands nothing, one on a whole device neither, one on a
    device with 900 left strands 400.
    """
    mix = mix_of({Task(0, 1, 500): 1})
    subject = fleet(node(left=(1000, 500, 900, 400)))

    found = fgd.scores(Task(0, 1, 500), subject, mix, np.array([0]))

    assert found.tolist() == [[50, 50, int(100 / (1 + np.exp(0.4))), -1]]


def test_random_takes_each_node_and_each_device_on_which_a_task_fits_as_often() -> None:
    """4,000 draws over four places: about 1,000 each, where five standard deviations are 137."""
    policy = RandomFit(1)
    states = node(left=(1000, 500, 400)), node(left=(0, 0)), node(left=(400, 600, 500))
    found = Counter((each.row, each.column) for each in (ranked(policy, SHARE, *states)[0] for _ in range(4000)))

    assert found.keys() == {(0, 0), (0, 1), (2, 1), (2, 2)}
    assert all(abs(count - 1000) < 137 for count in found.values())


def test_random_draws_what_its_seed_says() -> None:
    """And something else for another seed."""
    orders = [
        [[each.row for each in ranked(policy, WHOLE_DEVICE, *[G2] * 6)] for _ in range(3)]
        for policy in (RandomFit(1), RandomFit(1), RandomFit(2))
    ]

    assert orders[0] == orders[1] != orders[2]

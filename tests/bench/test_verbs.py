"""The verbs on a small cluster: questions as kube-scheduler asks them, the same for the extender and for its floor."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.verbs.asking import Verb
from bench.verbs.measuring import Setting, measure
from bench.verbs.orders import questioned, sampled
from bench.verbs.shapes import accelerated, arriving
from bench.verbs.world import World


async def test_every_verb_is_measured_beside_its_floor() -> None:
    """The extender and its floor are asked all of it, events in between."""
    figures = [each async for each in measure([Setting(50, 50, in_shares=True, questions=20)], rounds=1)]
    compared = [each for each in figures if each.beside]
    assert {each.name.split(",")[0] for each in compared} == set(Verb)
    assert all(each.ratio and each.ratio.median > 0 for each in compared)
    (event,) = [each for each in figures if not each.beside]
    assert event.unit == "us"


def test_as_many_nodes_are_looked_for_as_kube_scheduler_does() -> None:
    """The numbers are those of numFeasibleNodesToFind."""
    assert [sampled(nodes) for nodes in (99, 100, 1_000, 5_000, 15_000)] == [99, 100, 420, 500, 750]


@given(nodes=st.integers(1, 400), seed=st.integers(0, 9))
def test_each_feasible_node_is_named_once(nodes: int, seed: int) -> None:
    """An order leaves out nobody."""
    chance = Random(seed)
    feasible = np.flatnonzero(np.random.default_rng(seed).random(nodes) < 0.6)
    order = questioned(feasible, nodes, chance.randrange(nodes), chance)
    assert sorted(order.tolist()) == feasible.tolist()


def test_questions_come_in_about_the_order_of_nodes_from_where_the_last_search_ended() -> None:
    """Blocks of nodes are walked by workers side by side."""
    order = questioned(np.arange(5_000), 5_000, 2_000, Random(1))
    late = (order - 2_000) % 5_000
    assert order.tolist() != sorted(order.tolist())
    assert np.corrcoef(late, np.arange(5_000))[0, 1] > 0.9


@pytest.mark.parametrize("in_shares", [False, True])
def test_pods_come_and_go_and_the_cluster_stays_as_full(*, in_shares: bool) -> None:
    """Bindings and departures keep in balance, and no device is given twice."""
    world = World(60, in_shares=in_shares)
    assert 0.7 < world.share_held < 0.95
    full = world.held
    for _ in range(300):
        world.bind_anywhere(world.next_pod())
        list(world.departures())
        assert world.held <= full
        assert world.left.min() >= 0
    assert world.held > 0.9 * full


def test_without_the_traces_pods_arrive_in_their_spirit(tmp_path: Path) -> None:
    """A user's clone has no traces beside it."""
    tasks = [each.task for each in arriving(tmp_path / "nowhere")]
    shares = sum(task.is_share for task in tasks) / len(tasks)
    assert 0.2 < shares < 0.5
    assert {task.devices for task in tasks} >= {0, 1, 8}
    whole = accelerated(arriving(tmp_path / "nowhere"), in_shares=False)
    assert not any(next(whole).task.is_share for _ in range(100))

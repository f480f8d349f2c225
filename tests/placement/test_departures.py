"""Departures: how long pods stay, who is there at the beginning, and that nothing is lost when they leave."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.scheduling.departures import Churn, Stay, Stays, arriving, present, stays_for
from placement.scheduling.expectation import Learnt
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.policies.fgd import Fgd
from placement.scheduling.replay import Arrival, Want
from placement.scheduling.tasks import WHOLE, Task

SHARE, PAIR, PLAIN = Task(100, 1, 500), Task(100, 2), Task(100)


def fleet(nodes: int = 1, devices: int = 2) -> Fleet:
    """Return idle nodes."""
    left = (WHOLE,) * devices
    return fleet_of(
        [NodeState(f"n{index}", 10_000, 100, left, (1,) * devices, WHOLE * devices) for index in range(nodes)]
    )


def churn_on(on: Fleet) -> Churn:
    """Return pods that come and go on nodes."""
    return Churn(on, Fgd(), Learnt())


def test_size_prolongs_the_mean_stay() -> None:
    """By so many times that of a pod without accelerators for each device; a share is a part of one."""
    stays = Stays(10, 2)

    assert [stays.mean(task) for task in (PLAIN, SHARE, PAIR)] == [10, 20, 50]


@pytest.mark.parametrize("growth", [0, 1, 5])
def test_the_load_follows_from_the_stays(growth: float) -> None:
    """Little's law: who is there in the mean asks for the load."""
    tasks = [SHARE, PAIR, PLAIN, PLAIN]
    stays = stays_for(tasks, 100 * WHOLE, 0.5, growth)

    assert sum(task.asked * stays.mean(task) for task in tasks) / len(tasks) == pytest.approx(50 * WHOLE)


def test_a_load_needs_accelerators() -> None:
    """Otherwise no stay is long enough."""
    with pytest.raises(ValueError, match="no task asks for an accelerator"):
        stays_for([PLAIN], WHOLE, 0.5, 1)


def test_those_present_make_the_load_from_the_beginning() -> None:
    """In number and in what they ask for, within what chance allows."""
    arrivals = [Arrival(task) for task in (SHARE, PAIR, PLAIN, PLAIN)]
    stays = stays_for([each.task for each in arrivals], 10_000 * WHOLE, 0.9, 1)
    there = present(arrivals, stays, np.random.default_rng(1))

    assert sum(each.arrival.task.asked for each in there) == pytest.approx(9000 * WHOLE, rel=0.05)
    of_pairs = [each.time for each in there if each.arrival.task == PAIR]
    assert np.mean(of_pairs) == pytest.approx(stays.mean(PAIR), rel=0.1)


def test_the_same_seed_draws_the_same() -> None:
    """Chance is an argument."""
    arrivals, stays = [Arrival(SHARE), Arrival(PAIR)] * 50, Stays(30, 1)
    drawn = [arriving(arrivals, stays, np.random.default_rng(seed)) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert [each.arrival for each in drawn[0]] == arrivals


def test_who_leaves_makes_room_for_who_comes() -> None:
    """At the same time, too; before that the other finds none."""
    on = fleet()
    churn = churn_on(on)
    pair = Arrival(PAIR)

    assert churn.arrive(Stay(pair, 2.0), 0).taken
    assert churn.arrive(Stay(pair, 9.0), 1).want is Want.DEVICES
    assert churn.arrive(Stay(pair, 0.5), 2).taken
    assert churn.arrive(Stay(Arrival(SHARE), 1.0), 3).taken
    assert on.idle.tolist() == [1500]


@given(st.lists(st.tuples(st.sampled_from([SHARE, PAIR, PLAIN]), st.floats(0, 20)), max_size=40))
def test_nothing_is_lost_when_all_have_left(drawn: list[tuple[Task, float]]) -> None:
    """Nodes are never overfilled, and idle in the end."""
    on, idle = fleet(3), fleet(3)
    churn = churn_on(on)
    for now, (task, time) in enumerate(drawn):
        churn.arrive(Stay(Arrival(task, 1), time), now)
        assert min(on.left.min(), on.cpu.min(), on.memory.min()) >= 0
    churn.arrive(Stay(Arrival(Task(0)), 0), 1000)

    assert (on.left == idle.left).all()
    assert (on.cpu == idle.cpu).all()
    assert (on.memory == idle.memory).all()

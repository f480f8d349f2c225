"""What copies of expected tasks are worth, and when the fleet is looked at anew."""

import numpy as np
import pytest
from hypothesis import given, settings

from placement.scheduling.fleet import Fleet, NodeState, Taken, fleet_of
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.outlook import Outlook, outlook
from placement.scheduling.policies.berth import PATIENCE, Berth
from placement.scheduling.tasks import Task
from placement.scheduling.valuations import Valuations
from tests.placement.scheduling.fleets import fleet, mixes, node, nodes

few = settings(max_examples=40)

SINGLE, WIDE, SMALL = Task(1000, 1), Task(8000, 8), Task(0, 1, 100)
MIX = mix_of({SINGLE: 8, WIDE: 1})
EIGHT = (1000,) * 8


def prices(subject: Fleet, mix: Mix) -> dict[Task, float]:
    """Return what a copy of each task is worth."""
    found = outlook(subject, mix)
    return dict(zip(found.mix.every.tasks, found.prices.tolist(), strict=True))


@few
@given(nodes, mixes)
def test_a_copy_is_worth_something_between_nothing_and_the_mean_demand(states: list[NodeState], mix: Mix) -> None:
    """Whatever is expected of whatever fleet."""
    found = outlook(fleet_of(states), mix).prices
    mean = sum(share * task.asked for task, share in zip(mix.tasks, mix.popularity, strict=True))

    assert ((found >= 0) & (found <= mean + 1e-9)).all()


def test_a_task_that_hardly_finds_room_is_worth_more_than_one_that_finds_plenty() -> None:
    """Eight started nodes with seven idle devices each, and a whole one."""
    started = [node(f"s{number}", 96_000, (1000,) * 7) for number in range(8)]
    found = prices(fleet(*started, node("whole", 96_000, EIGHT)), mix_of({SINGLE: 1, WIDE: 1}))

    assert found[WIDE] > found[SINGLE] > 0


def test_a_task_that_fits_nowhere_is_worth_the_mean_demand() -> None:
    """Nothing can be worth more; and nothing on any node can be charged with it."""
    found = prices(fleet(node(left=(1000, 1000))), mix_of({SINGLE: 1, WIDE: 1}))

    assert found[WIDE] == pytest.approx(4500)


def test_the_price_of_a_task_falls_with_room_for_it_at_the_same_idle_capacity() -> None:
    """Eight devices on one node, or one on each of eight."""
    whole = prices(fleet(node("a", 96_000, EIGHT)), MIX)
    apart = prices(fleet(*(node(f"n{number}", 96_000, (1000,)) for number in range(8))), MIX)

    assert whole[WIDE] < apart[WIDE]
    assert whole[SINGLE] == pytest.approx(apart[SINGLE])


def test_scarce_cpu_makes_the_tasks_dear_that_ask_much_of_it() -> None:
    """Beside the same devices."""
    thirsty = Task(16_000, 1)
    mix = mix_of({SINGLE: 1, thirsty: 1})
    rich, poor = (prices(fleet(node("a", cpu, EIGHT)), mix) for cpu in (128_000, 16_000))

    assert poor[thirsty] > rich[thirsty]


def test_where_nothing_is_expected_or_nothing_is_there_nothing_has_a_price() -> None:
    """No demand, no nodes, or tasks without devices alone."""
    assert outlook(fleet(node()), mix_of({})).prices.tolist() == []
    assert outlook(fleet(), MIX).prices.tolist() == [0, 0]
    assert outlook(fleet(node()), mix_of({Task(1000): 1})).prices.tolist() == [0]


def taken_of(subject: Fleet, devices: int) -> None:
    """Take so many whole devices of the first node that has them."""
    task = Task(0, devices)
    row = int(subject.feasible(task, 0)[0])
    subject.take(task, 0, Taken(row, subject.columns_for(task, row, -1)))


def fleet_of_100() -> Fleet:
    """Return a fleet of a hundred devices."""
    return fleet(*(node(f"n{number}", 96_000, (1000,) * 10) for number in range(10)))


def current(policy: Berth, subject: Fleet, mix: Mix) -> Outlook:
    """Return the outlook by which decisions are made."""
    found = policy.basis(subject, mix)
    assert isinstance(found, Valuations)
    return found.basis


def settle(policy: Berth, subject: Fleet, mix: Mix, times: int = 3) -> None:
    """Let so many pods have been placed: of 64 nodes the third makes count what the first has seen."""
    for _ in range(times):
        policy.settle(subject, mix)


def test_the_outlook_stands_while_hardly_anything_moves() -> None:
    """What is kept by it would be lost."""
    policy, subject = Berth(), fleet_of_100()
    first = current(policy, subject, MIX)
    taken_of(subject, 10)
    settle(policy, subject, MIX)

    assert current(policy, subject, MIX) is first


@pytest.mark.parametrize("is_freed", [False, True], ids=["taken", "freed"])
def test_the_outlook_is_taken_anew_when_more_than_a_tenth_of_what_was_idle_moved(*, is_freed: bool) -> None:
    """Prices follow what is there, in both directions; in a small fleet at once."""
    policy, subject = Berth(), fleet_of_100()
    if is_freed:
        taken_of(subject, 10)
        taken_of(subject, 10)
    first = current(policy, subject, MIX)
    if is_freed:
        subject.give_back(Task(0, 10), 0, Taken(0, tuple(range(10))))
    else:
        taken_of(subject, 8)
        taken_of(subject, 8)

    assert current(policy, subject, MIX) is not first
    assert current(policy, subject, MIX).idle == subject.idle.sum()


def test_the_outlook_is_taken_anew_for_another_mix_and_another_fleet() -> None:
    """An equal mix is another one: mixes are told apart by identity."""
    policy, subject = Berth(), fleet_of_100()
    first = current(policy, subject, MIX)
    another = mix_of({SINGLE: 8, WIDE: 1})

    assert current(policy, subject, another).mix is another
    assert current(policy, fleet_of_100(), another) is not current(policy, subject, another)
    assert current(policy, subject, MIX) is not first


def test_the_outlook_of_no_nodes_stands() -> None:
    """Nothing is learnt where nothing is offered, so the mix is another one each time; nothing is to be prepared."""
    policy, subject = Berth(), fleet()

    assert current(policy, subject, MIX) is current(policy, subject, mix_of({SINGLE: 1}))


def test_the_next_outlook_counts_after_some_decisions_the_more_of_them_the_larger_the_fleet() -> None:
    """So long there is time to compute what nodes cost by it."""
    policy, subject = Berth(), fleet(*(node(f"n{number}") for number in range(3 * PATIENCE)))
    first, another = current(policy, subject, MIX), mix_of({SINGLE: 1})
    settle(policy, subject, another, 4)
    assert current(policy, subject, another) is first

    settle(policy, subject, another, 1)

    assert current(policy, subject, another).mix is another


def test_the_next_outlook_is_that_of_the_fleet_as_it_stood_when_it_was_due() -> None:
    """What moves while it is prepared makes the one after it due."""
    policy, subject = Berth(), fleet(*(node(f"n{number}", 96_000, EIGHT) for number in range(PATIENCE)))
    first = current(policy, subject, MIX)
    for _ in range(10):
        taken_of(subject, 8)
    assert current(policy, subject, MIX) is first
    settle(policy, subject, MIX, 1)
    due = subject.idle.sum()
    for _ in range(10):
        taken_of(subject, 8)

    settle(policy, subject, MIX, 2)
    assert current(policy, subject, MIX).idle == due
    settle(policy, subject, MIX)
    assert current(policy, subject, MIX).idle == subject.idle.sum()


def worth(of: Outlook) -> list[float]:
    """Return what a device is worth by its level."""
    found: list[float] = (np.arange(0, 1001, 10) - of.waste.by_level).tolist()
    return found


def test_an_outlook_mended_from_the_one_before_comes_to_the_same() -> None:
    """After a few looks: prices of copies at once, waste within some thousandths."""
    subject, mix = fleet_of_100(), mix_of({SINGLE: 1, SMALL: 2, Task(0, 1, 900): 2})
    anew, mended = outlook(subject, mix), outlook(subject, mix_of({Task(0, 1, 300): 1, SMALL: 9}))
    for _ in range(10):
        mended = outlook(subject, mix, mended)

    assert mended.prices.tolist() == anew.prices.tolist()
    assert worth(mended) == pytest.approx(worth(anew), abs=25)

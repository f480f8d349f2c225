"""Short lists that are kept in step are what they would be if they were made anew, as far as they tell."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.inventory import NodeInventory
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.policies.berth import Berth
from placement.scheduling.pools import Pool, pool_of
from placement.scheduling.shortlists import LISTS, LONGEST, RECENT, SHORTEST, Errand, Shortlist, Shortlists, Tally
from placement.scheduling.tasks import Task
from placement.shares import SHARES, hold_for
from tests.builders import NVIDIA

few = settings(max_examples=25)

MIX = mix_of({Task(500, 1): 4, Task(500, 8): 1, Task(500, 1, 250): 2})
ERRANDS = {
    NVIDIA: [Errand(Task(500, 1), 0), Errand(Task(500, 4), 0), Errand(Task(32_000, 1), 1000), Errand(Task(500), 0)],
    SHARES: [Errand(Task(500, 1, 250), 0), Errand(Task(500, 1, 810), 0), Errand(Task(0, 2), 0), Errand(Task(500), 0)],
}


class Crowd:
    """A pool of nodes that change by chance."""

    def __init__(self, resource: str, seed: int, size: int) -> None:
        self.chance, self.resource = Random(seed), resource
        self.names = [f"n{number:03}" for number in range(size)]
        self.pool = pool_of(resource, map(self.node, self.names))

    def node(self, name: str) -> NodeInventory:
        """Draw a node: idle, started or full, with pods in flight, or closed."""
        chance, share = self.chance, self.resource == SHARES
        node = NodeInventory(name, allocatable={"cpu": 64_000, "memory": 2**33, self.resource: 3000 if share else 8})
        for device in range(3 if share else chance.randrange(9)):
            amount = chance.choice((190, 250, 500, 810, 1000)) if share else 1
            hold = hold_for(name, {"cpu": 1000, "memory": 2**28, self.resource: amount}, (device,))
            node = node.assume(hold) if chance.random() < 0.1 else node.hold(hold) if chance.random() < 0.8 else node
        return replace(node, is_ready=chance.random() < 0.95)

    def change(self, count: int) -> None:
        """Let so many nodes become others."""
        for name in self.chance.sample(self.names, count):
            self.pool.put(self.node(name))


def told(of: Shortlist) -> list[object]:
    """Return the candidates that a list has, as far as it tells."""
    return [each for each in of.listed if of.last is None or each.parts <= of.last]


def assert_as_made_anew(kept: Shortlist, errand: Errand, pool: Pool, policy: Berth, mix: Mix) -> None:
    """Assert that a list has what one made anew begins with, and tells of all that it says it has."""
    found = Shortlists(pool, policy, Tally()).of(errand, mix)
    assert kept.listed == found.listed[: len(kept.listed)] or found.listed == kept.listed[: len(found.listed)]
    assert told(kept) == kept.listed == sorted(kept.listed)
    assert kept.last is None or len(kept.listed) >= SHORTEST
    if kept.last is None:
        assert found.last is None or len(kept.listed) >= LONGEST
    for listed in kept.listed:
        assert kept.place(listed).row == listed.row


@few
@given(
    st.sampled_from([NVIDIA, SHARES]),
    st.integers(0, 2**32),
    st.sampled_from([3, 60, 180, 250]),
    st.lists(st.sampled_from([0, 1, 5, 40]), max_size=6),
)
def test_a_list_that_is_kept_in_step_is_the_beginning_of_one_made_anew(
    resource: str, seed: int, size: int, changes: list[int]
) -> None:
    """Of few nodes and of more than are listed, while some change, sometimes beforehand and sometimes when asked."""
    crowd, policy = Crowd(resource, seed, size), Berth()
    lists = Shortlists(crowd.pool, policy, Tally())
    for count in (*changes, 1):
        crowd.change(min(count, size))
        if crowd.chance.random() < 0.3:
            lists.prepare(MIX)
        if crowd.chance.random() < 0.2:
            policy.settle(crowd.pool.fleet, MIX)
        for errand in crowd.chance.sample(ERRANDS[resource], 3):
            assert_as_made_anew(lists.of(errand, MIX), errand, crowd.pool, policy, MIX)


def test_a_list_that_says_so_has_all_within_a_limit() -> None:
    """What is not listed comes after its last."""
    crowd = Crowd(NVIDIA, 1, 2 * LONGEST)
    found = Shortlists(crowd.pool, Berth(), Tally()).of(Errand(Task(0, 1), 0), MIX)
    assert found.last

    assert len(found.listed) == LONGEST
    assert found.has_all_within(found.last[0] - 1)
    assert not found.has_all_within(found.last[0])
    few_nodes = Shortlists(Crowd(NVIDIA, 1, 3).pool, Berth(), Tally()).of(Errand(Task(0, 1), 0), MIX)
    assert few_nodes.has_all_within(float("inf"))


def test_a_list_of_which_too_few_are_left_is_made_anew() -> None:
    """As when the best nodes are taken one after the other."""
    crowd = Crowd(NVIDIA, 1, 2 * LONGEST)
    lists, errand = Shortlists(crowd.pool, Berth(), Tally()), Errand(Task(0, 1), 0)
    counts = []
    for _ in range(LONGEST):
        found = lists.of(errand, MIX)
        counts.append(len(found.listed))
        name = crowd.pool.fleet.names[found.listed[0].row]
        crowd.pool.put(NodeInventory(name, allocatable={NVIDIA: 8}, held={NVIDIA: 8}))

    assert min(counts) >= SHORTEST
    assert counts[0] == max(counts[1:]) + 1 or max(counts[1:]) == LONGEST


def test_what_was_asked_for_last_is_prepared_one_list_at_a_time() -> None:
    """Until all of them are up to date; then questions find them so."""
    crowd, tally = Crowd(NVIDIA, 1, 20), Tally()
    lists = Shortlists(crowd.pool, Berth(), tally)
    for errand in ERRANDS[NVIDIA]:
        lists.of(errand, MIX)
    crowd.change(5)

    assert [lists.prepare(MIX) for _ in range(len(ERRANDS[NVIDIA]) + 1)] == [False] * len(ERRANDS[NVIDIA]) + [True]
    for errand in ERRANDS[NVIDIA]:
        lists.of(errand, MIX)
    assert (tally.hits, tally.misses) == (len(ERRANDS[NVIDIA]), len(ERRANDS[NVIDIA]))


@pytest.mark.parametrize(("others", "is_hit"), [(LISTS - 1, True), (LISTS, False)])
def test_so_many_lists_are_kept_of_those_asked_for_last(others: int, *, is_hit: bool) -> None:
    """Pods of many sizes do not fill the memory; few of the lists are prepared."""
    crowd, tally = Crowd(NVIDIA, 1, 2), Tally()
    lists = Shortlists(crowd.pool, Berth(), tally)
    for memory in range(others + 1):
        lists.of(Errand(Task(0, 1), memory), MIX)
    lists.of(Errand(Task(0, 1), 0), MIX)

    assert tally.hits == is_hit
    crowd.change(2)
    calls = 0
    while not lists.prepare(MIX):
        calls += 1
    assert calls == RECENT

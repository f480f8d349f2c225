"""Which nodes are sick: by tables, and by laws that hold for whatever happens."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extender.sickness import (
    FAILURES,
    FIRST_SECONDS,
    LONGEST_SECONDS,
    MAX_FAILURES,
    MAX_NODES_OF_OWNER,
    WINDOW_SECONDS,
    Kind,
    Sickness,
)


@dataclass
class World:
    """A record of failures, and a clock that stands until it is set."""

    now: float = 0.0
    sickness: Sickness = field(init=False)

    def __post_init__(self) -> None:
        self.sickness = Sickness(lambda: self.now)

    def fail(self, node: str = "n", owners: Iterable[str] = ("a", "b", "c"), kind: Kind = Kind.ADMISSION) -> None:
        """Let a pod of each owner fail on a node."""
        for owner in owners:
            self.sickness.failed(node, owner, kind)

    @property
    def sick(self) -> set[str]:
        """The sick nodes."""
        return set(self.sickness.nodes())


def test_the_third_failure_makes_a_node_sick_for_ten_minutes() -> None:
    """Two may be chance."""
    world = World()
    world.fail(owners="ab")
    assert world.sick == set()

    world.fail(owners="c")
    assert world.sick == {"n"}
    world.now = FIRST_SECONDS - 1
    assert world.sick == {"n"}
    world.now = FIRST_SECONDS
    assert world.sick == set()


def test_pods_of_one_owner_suffice() -> None:
    """A controller that replaces its failed pods would otherwise send one after another there for ever."""
    world = World()
    world.fail(owners="aaa")

    assert world.sick == {"n"}


def test_failures_longer_apart_than_the_window_are_chance() -> None:
    """One now and then says nothing."""
    world = World()
    for minute in range(5):
        world.now = minute * WINDOW_SECONDS / 2
        world.fail(owners="a")

    assert world.sick == set()


def test_one_pod_that_runs_heals_a_node_and_what_spoke_against_it() -> None:
    """It takes three failures again."""
    world = World()
    world.fail()
    world.sickness.succeeded("n")
    assert world.sick == set()

    world.fail(owners="ab")
    assert world.sick == set()
    world.fail(owners="c")
    assert world.sick == {"n"}


def test_who_fails_on_a_third_node_fails_for_its_own_sake() -> None:
    """And the nodes that it made sick are so no longer; another one stays sick."""
    world = World()
    world.fail("n1", "xxx")
    world.fail("n2", "xxx")
    world.fail("other", "abc")
    assert world.sick == {"n1", "n2", "other"}

    world.fail("n3", "x")

    assert world.sick == {"other"}
    world.fail("n3", "xxxxx")
    assert world.sick == {"other"}


def test_a_node_stays_sick_where_others_failed_as_well() -> None:
    """Their failures suffice without those of the owner that fails everywhere."""
    world = World()
    world.fail("n1", "xxxabc")
    for node in ("n2", "n3"):
        world.fail(node, "x")

    assert world.sick == {"n1"}
    assert world.sickness.spells()["n1"].by_kind == {"admission": 3}


def test_after_a_spell_one_failure_begins_another_one_of_twice_the_length() -> None:
    """Up to an hour."""
    world = World()
    world.fail()
    lengths = []
    for _ in range(5):
        spell = world.sickness.spells()["n"]
        lengths.append(spell.until - spell.since)
        world.now = spell.until
        assert world.sick == set()
        world.fail(owners="a")

    assert lengths == [600, 1200, 2400, 3600, 3600]


def test_what_fails_within_a_spell_changes_nothing() -> None:
    """Neither its end nor the length of the next one."""
    world = World()
    world.fail()
    world.now = 300
    world.fail(owners="abcdef")
    world.now = FIRST_SECONDS
    assert world.sick == set()

    world.fail(owners="g")
    (spell,) = world.sickness.spells().values()
    assert spell.until - spell.since == 2 * FIRST_SECONDS


def test_an_hour_after_a_spell_it_is_forgotten() -> None:
    """A node that was repaired begins anew."""
    world = World()
    world.fail()
    world.now = FIRST_SECONDS + LONGEST_SECONDS
    assert world.sick == set()

    world.fail(owners="ab")
    assert world.sick == set()


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_counts_and_is_told(kind: Kind) -> None:
    """For whoever looks at the inventory."""
    world = World()
    world.fail(kind=kind)

    assert world.sickness.spells()["n"].by_kind == {kind.value: 3}


def test_the_same_object_is_returned_until_nodes_are_others() -> None:
    """What is kept by it is not lost over failures that change nothing."""
    world = World()
    world.fail("n1")
    before = world.sickness.nodes()
    world.fail("n2", "a")
    world.now = 60
    world.sickness.succeeded("n2")

    assert world.sickness.nodes() is before


FAILED = st.tuples(st.sampled_from("abcdef"), st.sampled_from([f"n{number}" for number in range(5)]))


@given(st.lists(FAILED, max_size=60), st.randoms())
def test_within_a_moment_the_order_of_failures_does_not_matter(failed: list[tuple[str, str]], random: object) -> None:
    """Whoever is told first."""
    world, other = World(), World()
    for owner, node in failed:
        world.fail(node, [owner])
    random.shuffle(failed)  # type: ignore[attr-defined]
    for owner, node in failed:
        other.fail(node, [owner])

    assert world.sick == other.sick


@example([(t, ("x", node)) for t, node in [(0, "n1")] * 3 + [(601, "n1"), (602, "n2"), *[(0, "n2"), (0, "n3")] * 3]])
@given(st.lists(st.tuples(st.floats(0, 400), FAILED), max_size=80))
def test_one_owner_alone_makes_few_nodes_sick_at_a_time(failed: list[tuple[float, tuple[str, str]]]) -> None:
    """However it fails, and where."""
    world = World()
    for seconds, (_, node) in failed:
        world.now += seconds
        world.fail(node, "x")

        assert len(world.sick) <= MAX_NODES_OF_OWNER


@given(st.lists(st.tuples(st.floats(0, 2000), FAILED, st.booleans()), max_size=60))
def test_a_success_heals_and_time_heals(events: list[tuple[float, tuple[str, str], bool]]) -> None:
    """Whatever happened before."""
    world = World()
    for seconds, (owner, node), has_run in events:
        world.now += seconds
        if has_run:
            world.sickness.succeeded(node)
            assert node not in world.sick
        else:
            world.fail(node, [owner])
        assert world.sick == world.sickness.spells().keys()

    world.now += LONGEST_SECONDS
    assert world.sick == set()


@given(st.lists(st.tuples(st.floats(0, 2000), FAILED), max_size=60))
def test_no_node_is_sick_that_did_not_fail_often_enough(failed: list[tuple[float, tuple[str, str]]]) -> None:
    """Three times at least, however long ago the first was."""
    world, count = World(), dict[str, int]()
    for seconds, (owner, node) in failed:
        world.now += seconds
        world.fail(node, [owner])
        count[node] = count.get(node, 0) + 1

        assert all(count[each] >= FAILURES for each in world.sick)


def test_memory_is_bounded_whatever_fails() -> None:
    """Many nodes and owners within one window: what is oldest is forgotten, and speaks against nobody."""
    world = World()
    for number in range(MAX_FAILURES + 200):
        world.fail(f"n{number // 2}", [f"owner-{number}"])
    assert world.sick == set()
    for number in range(200):
        world.fail(f"n{number}", [f"another-{number}"])
    assert world.sick == set()

    world.now = FIRST_SECONDS + LONGEST_SECONDS
    world.fail("last", "a")
    assert world.sick == set()
    assert world.sickness.spells() == {}

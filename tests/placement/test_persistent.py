"""Snapshots of a map that changes: each stays as it was, and costs what changed."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from placement.persistent import PersistentMap, TransientMap


@dataclass(frozen=True)
class Thing:
    """A value that knows its name."""

    name: str
    number: int = 0


# More names than a piece has places.
names = st.integers(0, 150).map(lambda number: f"thing-{number}")
puts = st.builds(Thing, names, st.integers(0, 9))
steps = st.lists(st.one_of(puts, puts, puts, names, st.just(None)), max_size=300)


def told(found: PersistentMap[Thing]) -> list[dict[str, Thing]]:
    """Return all entries, by every way to ask for them."""
    return [
        dict(found.items()),
        {each.name: each for each in found.values()},
        {name: found[name] for name in found},
        {name: each for name in found if (each := found.get(name))},
    ]


@given(steps)
def test_a_snapshot_is_the_map_at_its_moment(history: list[Thing | str | None]) -> None:
    """Whatever is put and dropped afterwards, a snapshot has the entries that there were, and no others."""
    living, known = TransientMap[Thing](), dict[str, Thing]()
    taken: list[tuple[PersistentMap[Thing], dict[str, Thing]]] = []
    for step in history:
        match step:
            case Thing(name=name):
                living.put(step)
                known[name] = step
            case str(name):
                assert living.pop(name) == known.pop(name, None)
            case None:
                taken.append((living.snapshot(), dict(known)))

    for snapshot, entries in [*taken, (living, known)]:
        assert told(snapshot) == [entries] * 4
        assert snapshot == entries
        assert len(snapshot) == len(entries)
        assert ("nobody" in snapshot, snapshot.get("nobody")) == (False, None)


@given(steps)
def test_the_same_history_gives_the_same_order(history: list[Thing | str | None]) -> None:
    """Answers must not depend on how a process hashes names."""
    orders = []
    for _ in range(2):
        living = TransientMap[Thing]()
        for step in history:
            if isinstance(step, Thing):
                living.put(step)
            elif step:
                living.pop(step)
        orders.append(list(living))

    assert orders[0] == orders[1]
    assert not any(isinstance(step, str) for step in history) or len(set(orders[0])) == len(orders[0])


@given(st.lists(puts), st.lists(puts))
def test_an_amended_map_leaves_the_first_as_it_was(first: list[Thing], more: list[Thing]) -> None:
    """What is tried changes nothing."""
    living = TransientMap[Thing]()
    for each in first:
        living.put(each)
    snapshot, before = living.snapshot(), {each.name: each for each in first}

    amended = snapshot.amended(more)

    assert amended == before | {each.name: each for each in more}
    assert snapshot == before

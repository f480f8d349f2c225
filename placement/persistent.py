"""A persistent map: of many snapshots in a row each costs what changed since the one before, not all entries.

Those of libraries hash (HAMT): they tell their entries in another order in every process, and the last digit of a sum
of floats would follow it.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from itertools import chain
from typing import Any, Protocol, TypeVar, cast

# A change copies one piece, a snapshot the list of all: with thousands of entries both are short at this size.
_BITS = 6
_MASK = (1 << _BITS) - 1


class Named(Protocol):
    """What knows the name by which it is found."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


N = TypeVar("N", bound=Named)


class PersistentMap(Mapping[str, N]):
    """Values by their names, never changed; in the order in which they came, but the last fills a gap."""

    __slots__ = ("_pieces", "_places")

    def __init__(self, places: dict[str, int], pieces: Sequence[list[N]]) -> None:
        self._places = places
        self._pieces = pieces

    def __getitem__(self, name: str) -> N:
        place = self._places[name]
        return self._pieces[place >> _BITS][place & _MASK]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        place = self._places.get(name)
        return default if place is None else self._pieces[place >> _BITS][place & _MASK]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in self.in_order())

    def __len__(self) -> int:
        return len(self._places)

    def values(self) -> ValuesView[N]:
        """Return the values."""
        return _Values(self)

    def items(self) -> ItemsView[str, N]:
        """Return the values beside their names."""
        return _Items(self)

    def in_order(self) -> Iterator[N]:
        """Return all values, one after the other."""
        return chain.from_iterable(self._pieces)

    def amended(self, values: Iterable[N]) -> "PersistentMap[N]":
        """Return the map with these values, each in the place of the one of its name."""
        amending = TransientMap[N](self._places, list(self._pieces))
        for each in values:
            amending.put(each)
        return amending.snapshot()


class TransientMap(PersistentMap[N]):
    """Values that change in place; a snapshot of them does not. It begins with what others may share."""

    __slots__ = ("_has_places", "_owned")

    def __init__(self, places: dict[str, int] | None = None, pieces: Sequence[list[N]] = ()) -> None:
        super().__init__(places or {}, list(pieces))
        # What no snapshot shares.
        self._owned: set[int] = set()
        self._has_places = places is None

    def put(self, value: N) -> None:
        """Keep a value under its name."""
        place = self._places.get(value.name)
        if place is None:
            self._append(value)
        else:
            self._piece(place)[place & _MASK] = value

    def pop(self, name: str) -> N | None:
        """Drop a value and return it, or None where there is none."""
        if name not in self._places:
            return None
        dropped, places = self[name], self._own_places()
        place = places.pop(name)
        last = self._piece(len(places)).pop()
        if last is not dropped:
            places[last.name] = place
            self._piece(place)[place & _MASK] = last
        return dropped

    def snapshot(self) -> PersistentMap[N]:
        """Return the values as they are."""
        self._owned.clear()
        self._has_places = False
        return PersistentMap(self._places, tuple(self._pieces))

    def _append(self, value: N) -> None:
        places = self._own_places()
        place = places[value.name] = len(places)
        if place >> _BITS == len(self._pieces):
            cast("list[list[N]]", self._pieces).append([])
        self._piece(place).append(value)

    def _piece(self, place: int) -> list[N]:
        """Return the piece of a place, to be changed."""
        number = place >> _BITS
        if number not in self._owned:
            self._owned.add(number)
            cast("list[list[N]]", self._pieces)[number] = self._pieces[number].copy()
        return self._pieces[number]

    def _own_places(self) -> dict[str, int]:
        if not self._has_places:
            self._has_places = True
            self._places = self._places.copy()
        return self._places


class _Values(ValuesView[N]):
    _mapping: PersistentMap[N]

    def __iter__(self) -> Iterator[N]:
        return self._mapping.in_order()


class _Items(ItemsView[str, N]):
    _mapping: PersistentMap[N]

    def __iter__(self) -> Iterator[tuple[str, N]]:
        return ((each.name, each) for each in self._mapping.in_order())

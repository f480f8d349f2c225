"""Rankings: the candidates for a task in total order, each with the parts of its score; policies make them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.arrays import Flags, Ints, Rows
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.mix import Mix
from placement.scheduling.tasks import Task

# So many of the best are looked for one by one before the others are sorted.
UNSORTED = 5

# The column of a candidate that is no share of one device.
NO_COLUMN = -1


class Place(NamedTuple):
    """One candidate: its node's row, the column of its device (or NO_COLUMN), and the parts of its score."""

    row: int
    column: int
    parts: Mapping[str, float]


# Returns the parts of the score of the place of this number, as they were when it was asked for.
Explanation = Callable[[int], Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates as columns; `parts` are those of the score in the order in which they decide, less being better."""

    rows: Rows
    columns: Ints
    parts: Mapping[str, NDArray[Any]]

    @property
    def winner(self) -> Place | None:
        """The best candidate."""
        return next(self.leading(), None)

    def within(self, values: Mapping[str, NDArray[Any]], tolerance: float, groups: Ints | None = None) -> "Ranking":
        """Return the ranking in which other values decide where the first part is within the tolerance of the least.

        There is a value for each node of the fleet. Where `groups` numbers those, the least is that of each group.
        """
        if not values or not len(self.rows):
            return self
        first = next(iter(self.parts.values()))
        group = np.zeros(len(self.rows), np.int64) if groups is None else groups[self.rows]
        least = np.full(int(group.max()) + 1, np.inf)
        np.minimum.at(least, group, first)
        excess = np.maximum(first - (least[group] + tolerance), 0)
        return Ranking(self.rows, self.columns, {"excess": excess, **self._of_candidates(values), **self.parts})

    def after(self, values: Mapping[str, NDArray[Any]]) -> "Ranking":
        """Return the ranking in which other values decide first, of which there is one for each node of the fleet."""
        return Ranking(self.rows, self.columns, {**self._of_candidates(values), **self.parts})

    def _of_candidates(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {name: each[self.rows] for name, each in values.items()}

    def ordered(self) -> Iterator[Place]:
        """Yield all candidates, the best first; the first of them cost no sorting."""
        yield from islice(self.leading(), UNSORTED)
        if len(self.rows) > UNSORTED:
            for index in np.lexsort([*self.parts.values()][::-1])[UNSORTED:]:
                yield self._place(int(index))

    def leading(self) -> Iterator[Place]:
        """Yield all candidates, the best first, each looked for among those that remain."""
        remaining = np.arange(len(self.rows))
        while len(remaining):
            best = self._best(remaining)
            yield self._place(best)
            remaining = remaining[remaining != best]

    def shortened(self, count: int) -> "Ranking":
        """Return a ranking of the best so many, and of others that equal the last of them in the first part."""
        first = next(iter(self.parts.values()))
        if len(first) <= count:
            return self
        return self.where(first <= np.partition(first, count - 1)[count - 1])

    def where(self, chosen: Flags) -> "Ranking":
        """Return the ranking of these candidates alone."""
        parts = {name: values[chosen] for name, values in self.parts.items()}
        return Ranking(self.rows[chosen], self.columns[chosen], parts)

    @property
    def leader(self) -> int:
        """The place of the best candidate in the columns."""
        return self._best(np.arange(len(self.rows)))

    def _best(self, among: Rows) -> int:
        for part in self.parts.values():
            values = part[among]
            among = among[values == values.min()]
        return int(among[0])

    def _place(self, index: int) -> Place:
        parts = {name: float(values[index]) for name, values in self.parts.items()}
        return Place(int(self.rows[index]), int(self.columns[index]), parts)


class Policy(Protocol):
    """Orders the nodes and devices on which a task fits."""

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return the candidates among these nodes, on all of which the task fits; `mix` is what is expected."""
        ...

    def place(self, task: Task, fleet: Fleet, row: int, mix: Mix) -> Place:
        """Return the best candidate of a node, on which the task fits."""
        return next(self.rank(task, fleet, np.array([row]), mix).leading())

    def placed(self, task: Task, taken: Taken) -> None:
        """Be told that the task was put there; most policies learn nothing from it."""
        del task, taken

    def settle(self, fleet: Fleet, mix: Mix) -> None:
        """Do what follows from the last decision, which the fleet shows by now."""
        del fleet, mix

    def basis(self, fleet: Fleet, mix: Mix) -> object:
        """Return what rankings rest on beside the fleet: while it is the same object, equal nodes rank equal."""
        del fleet
        return mix

    def prepare(self, fleet: Fleet, mix: Mix) -> bool:
        """Do a little of what makes decisions to come faster, and no other; tell whether there is nothing more."""
        del fleet, mix
        return True

    def explain(self, task: Task, fleet: Fleet, mix: Mix, places: Sequence[Place]) -> Explanation:
        """Return what tells of what the score of each place consists; most scores are no sums."""
        del task, fleet, mix, places
        return lambda _: {}

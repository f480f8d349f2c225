"""Rankings: the candidates for a task in total order, each with the parts of its score; policies make them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.mix import Mix
from placement.scheduling.tasks import Task

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
        if not len(self.rows):
            return None
        best = np.arange(len(self.rows))
        for part in self.parts.values():
            values = part[best]
            best = best[values == values.min()]
        return self._place(int(best[0]))

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
        """Yield all candidates, the best first; the first of them costs no sorting."""
        best = self.winner
        if best is None:
            return
        yield best
        for index in np.lexsort([*self.parts.values()][::-1])[1:]:
            yield self._place(int(index))

    def _place(self, index: int) -> Place:
        parts = {name: float(values[index]) for name, values in self.parts.items()}
        return Place(int(self.rows[index]), int(self.columns[index]), parts)


class Policy(Protocol):
    """Orders the nodes and devices on which a task fits."""

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return the candidates among these nodes, on all of which the task fits; `mix` is what is expected."""
        ...

    def placed(self, task: Task, taken: Taken) -> None:
        """Be told that the task was put there; most policies learn nothing from it."""
        del task, taken

    def explain(self, task: Task, fleet: Fleet, mix: Mix, places: Sequence[Place]) -> Explanation:
        """Return what tells of what the score of each place consists; most scores are no sums."""
        del task, fleet, mix, places
        return lambda _: {}

"""Shortlists: the best candidates of a pool for tasks that are asked about, in order, kept in step with the pool.

A question about thousands of nodes is then answered by looking for the first of the list among their names.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from placement.scheduling.arrays import Rows
from placement.scheduling.mix import Mix
from placement.scheduling.pools import Pool
from placement.scheduling.ranking import Place, Policy, Ranking
from placement.scheduling.tasks import Task

# So many candidates are listed; when so few are left of them, the list is made anew.
LONGEST = 128
SHORTEST = 16

# So many nodes are looked at one by one, more of them by arrays.
FEW = 4

# So many lists are kept, those of the tasks that were asked about last; so many of them are kept in step beforehand.
LISTS = 256
RECENT = 24


class Errand(NamedTuple):
    """What the nodes of a pool are asked for: a task, and memory in MiB."""

    task: Task
    memory: int


class Listed(NamedTuple):
    """A candidate: the parts of its score in the order in which they decide, and where it is."""

    parts: tuple[float, ...]
    row: int
    column: int


@dataclass(eq=False)
class Shortlist:
    """The best candidates in order, as they were when the fleet stood at `at`.

    What comes no later than `last` is listed; everything is where that is None.
    """

    names: tuple[str, ...]
    listed: list[Listed]
    last: tuple[float, ...] | None
    at: int
    _by_row: dict[int, Listed] = field(init=False)

    def __post_init__(self) -> None:
        self._by_row = {each.row: each for each in self.listed}

    @property
    def is_worn(self) -> bool:
        """Whether too few are left."""
        return self.last is not None and len(self.listed) < SHORTEST

    def place(self, listed: Listed) -> Place:
        """Return the place of a candidate of the list."""
        parts, row, column = listed
        return Place(row, column, dict(zip(self.names, parts, strict=True)))

    def has_all_within(self, limit: float) -> bool:
        """Tell whether everything is listed whose first part is within the limit."""
        return self.last is None or self.last[0] > limit

    def replace(self, rows: AbstractSet[int], candidates: Iterable[Listed]) -> None:
        """Take in what has become of these rows: which of them are candidates."""
        for row in self._by_row.keys() & rows:
            del self.listed[bisect_left(self.listed, self._by_row.pop(row))]
        for each in candidates:
            if self.last is None or each.parts <= self.last:
                insort(self.listed, each)
                self._by_row[each.row] = each


@dataclass
class Tally:
    """How often a list was up to date when it was asked for, and how often it had to be brought there first."""

    hits: int = 0
    misses: int = 0


@dataclass(eq=False)
class Shortlists:
    """The shortlists of a pool, all by the same basis of its policy; None stands where one is yet to be made."""

    pool: Pool
    policy: Policy
    tally: Tally
    _basis: object = None
    _kept: OrderedDict[Errand, Shortlist | None] = field(default_factory=OrderedDict)

    def of(self, errand: Errand, mix: Mix) -> Shortlist:
        """Return the list, up to date."""
        self._follow(mix)
        known = self._kept.get(errand)
        if known and known.at == self.pool.fleet.now:
            self.tally.hits += 1
        else:
            self.tally.misses += 1
            known = self._kept[errand] = self._brought_up(known, errand, mix)
        self._kept.move_to_end(errand)
        if len(self._kept) > LISTS:
            self._kept.popitem(last=False)
        return known

    def prepare(self, mix: Mix) -> bool:
        """Bring some of the lists that were asked for last up to date; tell whether these were all."""
        self._follow(mix)
        for errand in islice(reversed(self._kept), RECENT):
            known = self._kept[errand]
            if known is None:
                self._kept[errand] = self._made(errand, mix)
                return False
            if known.at != self.pool.fleet.now:
                self._kept[errand] = self._brought_up(known, errand, mix)
        return True

    def _follow(self, mix: Mix) -> None:
        """Forget all lists where they rest on something else."""
        basis = self.policy.basis(self.pool.fleet, mix)
        if basis is not self._basis:
            self._basis, self._kept = basis, OrderedDict.fromkeys(self._kept)

    def _brought_up(self, known: Shortlist | None, errand: Errand, mix: Mix) -> Shortlist:
        if known is None:
            return self._made(errand, mix)
        rows = np.flatnonzero(self.pool.fleet.stamp > known.at)
        if len(rows) > FEW:
            candidates = _listed(self._ranking(errand, rows, mix))
        else:
            candidates = (self._one(errand, row, mix) for row in rows.tolist() if self.pool.takes(*errand, row))
        known.replace(frozenset(rows.tolist()), candidates)
        known.at = self.pool.fleet.now
        return self._made(errand, mix) if known.is_worn else known

    def _one(self, errand: Errand, row: int, mix: Mix) -> Listed:
        place = self.policy.place(errand.task, self.pool.fleet, row, mix)
        return Listed(tuple(place.parts.values()), place.row, place.column)

    def _made(self, errand: Errand, mix: Mix) -> Shortlist:
        fleet = self.pool.fleet
        ranking = self._ranking(errand, np.arange(len(fleet.names)), mix).shortened(LONGEST)
        listed = sorted(_listed(ranking))[:LONGEST]
        last = listed[-1].parts if len(listed) == LONGEST else None
        return Shortlist(tuple(ranking.parts), listed, last, fleet.now)

    def _ranking(self, errand: Errand, rows: Rows, mix: Mix) -> Ranking:
        """Return the ranking of those of the rows that fit without doubt."""
        (task, memory), pool = errand, self.pool
        candidates = rows[pool.fits_on(task, rows) & pool.is_free(task, memory, rows)]
        return self.policy.rank(task, pool.fleet, candidates, mix)


def _listed(ranking: Ranking) -> Iterator[Listed]:
    parts: Any = zip(*(each.tolist() for each in ranking.parts.values()), strict=True)
    return map(Listed, parts, ranking.rows.tolist(), ranking.columns.tolist())

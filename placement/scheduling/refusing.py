"""Refusing: why nodes of a pool will not do for a task, as arithmetic over all of them, and kept by name.

The same verdicts as `fit.accelerator_rejection` of each. A pod that fits nowhere is asked about again and again.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from placement.rejections import Cause, Refusals
from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fit import INDIVISIBLE, WHOLE_BESIDE, fewer, taken, without
from placement.scheduling.pools import UNDIVIDED, Pool
from placement.scheduling.tasks import Task

# So many tasks that fit nowhere are kept by name, those that were asked about last.
TASKS = 16


def refusals(pool: Pool, task: Task, rows: Rows, names: Sequence[str]) -> Refusals:
    """Return why nodes will not do that do not fit: the names of these rows are given."""
    return Refusals(names, kinds(pool, task, rows).tolist(), _reasons(pool))


def kinds(pool: Pool, task: Task, rows: Rows | slice) -> Ints:
    """Return the place of the reason that speaks against each of the rows, none of which fits."""
    total = pool.total[rows]
    found = np.zeros(len(total), np.int64)
    found[pool.is_mixed[rows]] = 2
    found[total < task.devices] = 1
    if pool.fleet.is_divisible:
        found[total == 0] = 3
        found[:] = 4 if task.devices == UNDIVIDED else found
    return found


def _reasons(pool: Pool) -> tuple[tuple[Cause, str], ...]:
    return taken(pool.resource), fewer(pool.resource), WHOLE_BESIDE, without(pool.resource), INDIVISIBLE


@dataclass(eq=False)
class _Refused:
    """The kinds of all nodes of a pool by row, and of those that can be judged by name."""

    comings_and_goings: int
    by_row: Ints
    by_name: dict[str, int]


@dataclass(eq=False)
class Refusing:
    """Refusals of tasks that fit on no node of a pool."""

    pool: Pool
    _kept: OrderedDict[tuple[int, int], _Refused] = field(default_factory=OrderedDict)

    def of(self, task: Task, names: Sequence[str]) -> Refusals | None:
        """Return why none of these nodes will do; None says nothing."""
        if self.pool.fits(task).any():
            return None
        by_name = self._by_name(task)
        try:
            found = list(map(by_name.__getitem__, names))
        except KeyError:
            return None
        return Refusals(names, found, _reasons(self.pool))

    def _by_name(self, task: Task) -> Mapping[str, int]:
        pool, asked = self.pool, (task.devices, task.milli)
        by_row, known = kinds(pool, task, slice(None)), self._kept.pop(asked, None)
        is_same = known is not None and known.comings_and_goings == pool.comings_and_goings
        if known is None or not (is_same and np.array_equal(known.by_row, by_row)):
            by_name = dict(zip(pool.judged, by_row[[*pool.judged.values()]].tolist(), strict=True))
            known = _Refused(pool.comings_and_goings, by_row, by_name)
        self._kept[asked] = known
        if len(self._kept) > TASKS:
            self._kept.popitem(last=False)
        return known.by_name

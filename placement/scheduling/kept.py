"""Values per node and task, kept and computed again for nodes that changed only."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.tasks import Task

# What values rest on beside task and fleet, compared by identity: a mix, or an outlook.
B = TypeVar("B")

Compute = Callable[[Task, Fleet, B, Rows], NDArray[Any]]

# So many values are kept, of eight bytes each, of the tasks that were asked about last; of a few tasks in any case.
VALUES = 8_000_000
FEW_TASKS = 16


@dataclass
class _Entry(Generic[B]):
    fleet: Fleet
    basis: B
    values: NDArray[Any]
    seen: Ints


@dataclass
class Kept(Generic[B]):
    """What `compute` says of the nodes of a fleet, per task; the same answers as computing anew."""

    compute: Compute[B]
    size: int = VALUES
    _entries: OrderedDict[Task, _Entry[B]] = field(default_factory=OrderedDict)

    def of(self, task: Task, fleet: Fleet, basis: B, rows: Rows) -> NDArray[Any]:
        """Return the values of these nodes, one row each."""
        entry = self._entry(task, fleet, basis, rows)
        stale = rows[entry.seen[rows] < fleet.stamp[rows]]
        if len(stale):
            entry.values[stale] = self.compute(task, fleet, basis, stale)
            entry.seen[stale] = fleet.stamp[stale]
        return entry.values[rows]

    def _entry(self, task: Task, fleet: Fleet, basis: B, rows: Rows) -> _Entry[B]:
        entry = self._entries.get(task)
        if entry is None or entry.fleet is not fleet or entry.basis is not basis:
            few = self.compute(task, fleet, basis, rows[:1])
            values = np.zeros((len(fleet.names), *few.shape[1:]), few.dtype)
            entry = self._entries[task] = _Entry(fleet, basis, values, np.full(len(fleet.names), -1))
        self._entries.move_to_end(task)
        if len(self._entries) > max(self.size // max(entry.values.size, 1), FEW_TASKS):
            self._entries.popitem(last=False)
        return entry

"""Values per node and task, kept and computed again for nodes that changed only."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placement.scheduling.arrays import Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix
from placement.scheduling.tasks import Task

Compute = Callable[[Task, Fleet, Mix, Rows], NDArray[Any]]

# Tasks for which values are kept; few clusters see more at a time, and each costs some tens of bytes a node.
TASKS = 256


@dataclass
class _Entry:
    fleet: Fleet
    mix: Mix
    values: NDArray[Any]
    seen: int


@dataclass
class Kept:
    """What `compute` says of every node of a fleet, per task; the same answers as computing anew."""

    compute: Compute
    size: int = TASKS
    _entries: OrderedDict[Task, _Entry] = field(default_factory=OrderedDict)

    def of(self, task: Task, fleet: Fleet, mix: Mix) -> NDArray[Any]:
        """Return the values of all nodes, one row each; not to be changed."""
        entry = self._entries.get(task)
        if entry is None or entry.fleet is not fleet or entry.mix is not mix:
            every = np.arange(len(fleet.names))
            entry = self._entries[task] = _Entry(fleet, mix, self.compute(task, fleet, mix, every), fleet.now)
        elif entry.seen < fleet.now:
            touched = np.flatnonzero(fleet.stamp > entry.seen)
            entry.values[touched] = self.compute(task, fleet, mix, touched)
            entry.seen = fleet.now
        self._entries.move_to_end(task)
        if len(self._entries) > self.size:
            self._entries.popitem(last=False)
        return entry.values

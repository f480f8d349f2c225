"""Valuations: what each node costs for each task that is asked about, kept, and computed again for what has changed.

What is asked for at once is computed at once. The rest can be computed beforehand, for many tasks and nodes in one go,
while nobody waits: the values are the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from placement.scheduling.arrays import Floats, Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.outlook import Outlook
from placement.scheduling.task_columns import TaskColumns, columns_of
from placement.scheduling.tasks import Task

# So many values of tasks and nodes are kept, of 20 bytes each; of a few tasks in any case.
VALUES = 1_600_000
FEW_TASKS = 16

# So many are computed in one go while nobody waits: about a millisecond.
AT_ONCE = 512

# Of so many tasks values are computed beforehand: those that were asked about last, and that are expected.
LIKELY_TASKS = 128

_NEVER = -1


class Worth(NamedTuple):
    """The least cost of each node, infinite where the task does not fit, and the column of the device that has it."""

    cost: Floats
    column: Ints


# Returns that for pairs of a task and the node beside it.
Assess = Callable[[TaskColumns, Fleet, Outlook, Rows], Worth]


@dataclass(eq=False)
class _Entry:
    """The worth of all nodes for a task; of each node the stamp that it had then, and when all were up to date."""

    worth: Worth
    seen: Ints
    complete_at: int = _NEVER

    def stale(self, fleet: Fleet, rows: Rows | None = None) -> Rows:
        """Return those of the rows (of all) whose values are out of date."""
        if self.complete_at == fleet.now:
            return np.zeros(0, np.intp)
        if rows is None:
            return np.flatnonzero(self.seen < fleet.stamp)
        return rows[self.seen[rows] < fleet.stamp[rows]]


@dataclass(eq=False)
class Valuations:
    """The values of a fleet by one outlook."""

    assess: Assess
    fleet: Fleet
    basis: Outlook
    _entries: OrderedDict[Task, _Entry] = field(default_factory=OrderedDict)
    _prepared: tuple[int, Sequence[Task]] | None = None

    def of(self, task: Task, rows: Rows) -> Worth:
        """Return the worth of these nodes."""
        entry = self._entry(task)
        stale = entry.stale(self.fleet, rows)
        if len(stale):
            self._compute([task], [stale])
        return Worth(entry.worth.cost[rows], entry.worth.column[rows])

    def at(self, task: Task, row: int) -> tuple[float, int]:
        """Return the least cost on a node, and the column of the device that has it."""
        entry = self._entry(task)
        if entry.seen[row] < self.fleet.stamp[row]:
            self._compute([task], [np.array([row])])
        return float(entry.worth.cost[row]), int(entry.worth.column[row])

    def prepare(self, tasks: Sequence[Task], at_once: int = AT_ONCE) -> bool:
        """Compute some of what is out of date of these tasks; tell whether that was all."""
        if self._prepared == (self.fleet.now, tasks):
            return True
        found, chunks, room = list[Task](), list[Rows](), at_once
        for task, stale in self._stale(tasks):
            found.append(task)
            chunks.append(stale[:room])
            room -= len(chunks[-1])
            if not room:
                break
        if found:
            self._compute(found, chunks)
        for task in found[: None if room else -1]:
            self._entries[task].complete_at = self.fleet.now
        self._prepared = (self.fleet.now, tasks) if room else None
        return room > 0

    @property
    def likely(self) -> list[Task]:
        """The tasks that were asked about last, the latest first, and as many others as are expected."""
        expected = (task for task in self.basis.mix.tasks if task.devices)
        return list(islice(dict.fromkeys(chain(reversed(self._entries), expected)), min(LIKELY_TASKS, self._most)))

    @property
    def _most(self) -> int:
        """Of how many tasks values are kept."""
        return max(VALUES // max(len(self.fleet.names), 1), FEW_TASKS)

    def _stale(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Rows]]:
        """Yield the tasks whose values are out of date, and of which nodes, or a few more."""
        since: dict[int, Rows] = {}
        for task in tasks:
            entry = self._entries.get(task) or self._entry(task)
            at = entry.complete_at
            if at == _NEVER:
                stale = entry.stale(self.fleet)
            elif at in since:
                stale = since[at]
            else:
                stale = since[at] = np.flatnonzero(self.fleet.stamp > at)
            if len(stale):
                yield task, stale

    def _compute(self, tasks: Sequence[Task], rows_of: Sequence[Rows]) -> None:
        counts = [len(rows) for rows in rows_of]
        rows = np.concatenate(rows_of)
        asked = columns_of(tasks).at(np.repeat(np.arange(len(tasks)), counts))
        worth, begin = self.assess(asked, self.fleet, self.basis, rows), 0
        for task, own in zip(tasks, rows_of, strict=True):
            entry, end = self._entries[task], begin + len(own)
            entry.worth.cost[own], entry.worth.column[own] = worth.cost[begin:end], worth.column[begin:end]
            entry.seen[own] = self.fleet.stamp[own]
            begin = end

    def _entry(self, task: Task) -> _Entry:
        entry, size = self._entries.get(task), len(self.fleet.names)
        if entry is None:
            worth = Worth(np.zeros(size), np.zeros(size, np.int64))
            entry = self._entries[task] = _Entry(worth, np.full(size, _NEVER))
        self._entries.move_to_end(task)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry

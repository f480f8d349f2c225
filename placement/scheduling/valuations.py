"""Valuations: what each node costs for each task that is asked about, kept, and computed again for what has changed.

What is asked for at once is computed at once. The rest can be computed beforehand, for many tasks and nodes in one go,
while nobody waits: the values are the same. Of nodes in the same state one is computed for all.
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

# So many values of tasks and nodes are kept, of 24 bytes each; of a few tasks in any case, and of no more than so many.
VALUES = 1_600_000
FEW_TASKS, MOST_TASKS = 16, 1_024

# So many are computed in one go while nobody waits: about a millisecond. What it takes to find the states of a task's
# nodes, and to give each its value, counts like a value for each of the first nodes, and for every so many others.
AT_ONCE = 512
FIRST_NODES = 16
OTHER_NODES = 64

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

    def stale(self, fleet: Fleet, rows: Rows) -> Rows:
        """Return those of the rows whose values are out of date."""
        if self.complete_at == fleet.now:
            return np.zeros(0, np.intp)
        return rows[self.seen[rows] < fleet.stamp[rows]]


class _Chunk(NamedTuple):
    """Nodes that are to be computed for a task, and an example of each of their states."""

    task: Task
    entry: _Entry
    rows: Rows
    examples: Rows
    is_all: bool = False

    @property
    def effort(self) -> int:
        """What that takes, in values."""
        count = len(self.rows)
        return len(self.examples) + min(count, FIRST_NODES) + count // OTHER_NODES


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
            self._compute([_Chunk(task, entry, stale, self.fleet.examples(stale))])
        return Worth(entry.worth.cost[rows], entry.worth.column[rows])

    def at(self, task: Task, row: int) -> tuple[float, int]:
        """Return the least cost on a node, and the column of the device that has it."""
        entry = self._entry(task)
        if entry.seen[row] < self.fleet.stamp[row]:
            rows = np.array([row])
            self._compute([_Chunk(task, entry, rows, rows)])
        return float(entry.worth.cost[row]), int(entry.worth.column[row])

    def prepare(self, tasks: Sequence[Task], at_once: int = AT_ONCE) -> bool:
        """Compute some of what is out of date of these tasks; tell whether that was all."""
        if self._prepared == (self.fleet.now, tasks):
            return True
        chunks, room = list[_Chunk](), at_once
        for task, entry, stale in self._stale(tasks):
            chunks.append(self._chunk(task, entry, stale, room))
            room -= chunks[-1].effort
            if room <= 0:
                break
        if chunks:
            self._compute(chunks)
        for each in chunks:
            if each.is_all:
                each.entry.complete_at = self.fleet.now
        self._prepared = (self.fleet.now, tasks) if room > 0 else None
        return room > 0

    def _chunk(self, task: Task, entry: _Entry, stale: Rows, most: int) -> _Chunk:
        """Return what is out of date of a task, as far as there are at most so many states of nodes among it."""
        examples = self.fleet.examples(stale)
        some = examples[:most]
        rows = stale if len(some) == len(examples) else self.fleet.alike(some, stale)
        return _Chunk(task, entry, rows, some, is_all=len(rows) == len(stale))

    @property
    def likely(self) -> list[Task]:
        """The tasks that were asked about last, the latest first, and as many others as are expected."""
        expected = (task for task in self.basis.mix.tasks if task.devices)
        return list(islice(dict.fromkeys(chain(reversed(self._entries), expected)), min(LIKELY_TASKS, self._most)))

    @property
    def _most(self) -> int:
        """Of how many tasks values are kept."""
        return min(max(VALUES // max(len(self.fleet.names), 1), FEW_TASKS), MOST_TASKS)

    def _stale(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, _Entry, Rows]]:
        """Yield the tasks whose values are out of date, and of which nodes."""
        since: dict[int, Rows] = {_NEVER: np.arange(len(self.fleet.names))}
        for task in tasks:
            entry = self._entries.get(task) or self._entry(task)
            at = entry.complete_at
            if at not in since:
                since[at] = np.flatnonzero(self.fleet.stamp > at)
            stale = entry.stale(self.fleet, since[at])
            if len(stale):
                yield task, entry, stale

    def _compute(self, chunks: Sequence[_Chunk]) -> None:
        counts = [len(each.examples) for each in chunks]
        rows = np.concatenate([each.examples for each in chunks])
        asked = columns_of([each.task for each in chunks]).at(np.repeat(np.arange(len(chunks)), counts))
        worth, begin = self.assess(asked, self.fleet, self.basis, rows), 0
        for (_, entry, own, examples, _), count in zip(chunks, counts, strict=True):
            some = slice(begin, begin + count)
            entry.worth.cost[own] = self.fleet.from_examples(examples, worth.cost[some], own)
            entry.worth.column[own] = self.fleet.from_examples(examples, worth.column[some], own)
            entry.seen[own] = self.fleet.stamp[own]
            begin += count

    def _entry(self, task: Task) -> _Entry:
        entry, size = self._entries.get(task), len(self.fleet.names)
        if entry is None:
            worth = Worth(np.zeros(size), np.zeros(size, np.int64))
            entry = self._entries[task] = _Entry(worth, np.full(size, _NEVER))
        self._entries.move_to_end(task)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry

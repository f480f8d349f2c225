"""Tasks as columns: arithmetic over many tasks at once, each beside a node."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from placement.scheduling.arrays import Flags, Ints, Rows
from placement.scheduling.tasks import WHOLE, Task


@dataclass(frozen=True, eq=False)
class TaskColumns:
    """What tasks ask, one element each: cpu in milli, devices, thousandths of each device."""

    cpu: Ints
    devices: Ints
    milli: Ints

    @property
    def asked(self) -> Ints:
        """What they take of accelerators in all, in thousandths of a device."""
        asked: Ints = self.devices * self.milli
        return asked

    @property
    def are_shares(self) -> Flags:
        """Which of them take a part of one device."""
        shares: Flags = (self.devices == 1) & (self.milli < WHOLE)
        return shares

    def at(self, indices: Rows) -> "TaskColumns":
        """Return these of them."""
        return TaskColumns(self.cpu[indices], self.devices[indices], self.milli[indices])


def columns_of(tasks: Sequence[Task]) -> TaskColumns:
    """Return tasks as columns."""
    asked = np.array([(task.cpu, task.devices, task.milli) for task in tasks], np.int64).reshape(len(tasks), 3)
    return TaskColumns(*np.ascontiguousarray(asked.T))


def repeated(task: Task, count: int) -> TaskColumns:
    """Return one task so many times."""
    return TaskColumns(*(np.full(count, each, np.int64) for each in (task.cpu, task.devices, task.milli)))

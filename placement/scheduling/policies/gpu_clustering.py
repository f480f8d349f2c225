"""GpuClustering as published: tasks of one size together, on the fullest of the nodes alike.

Source: `GpuClusteringScorePlugin` of FGD's simulator (hkust-adsl/kubernetes-scheduler-simulator); the idea is that of
"Gandiva: Introspective Cluster Scheduling for Deep Learning" (OSDI 2018).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Flags, Ints, Rows
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.mix import Mix
from placement.scheduling.policies.best_fit import MOST_DEVICES
from placement.scheduling.policies.tightest import highest_first
from placement.scheduling.ranking import Policy, Ranking
from placement.scheduling.tasks import Task

# Points of a node by the sizes of what was ever put there: this one alone, this one among others, none; only others: 0.
_ALONE, _AMONG_OTHERS, _NONE = 75, 50, 25

# What a node gains of points until all devices of the largest node are in use.
_FULL = 25


@dataclass
class GpuClustering(Policy):
    """The highest score; remembers the sizes of the tasks that were ever put on each node."""

    _sizes: dict[int, Flags] = field(default_factory=dict)

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:  # noqa: ARG002 - the policy's port
        """Return one candidate for each node; all are alike for a task without devices."""
        points = self._points(task, fleet)[rows] if task.devices else np.zeros(len(rows), np.int64)
        return highest_first(points, task, fleet, rows)

    def placed(self, task: Task, taken: Taken) -> None:
        """Remember its size."""
        if task.devices:
            self._sizes[_size(task)][taken.row] = True

    def _points(self, task: Task, fleet: Fleet) -> Ints:
        here = self._sizes.setdefault(_size(task), np.zeros(len(fleet.names), np.bool_))
        others = np.zeros_like(here)
        for size, there in self._sizes.items():
            if size != _size(task):
                others |= there
        alike = np.select([here & ~others, here, ~others], [_ALONE, _AMONG_OTHERS, _NONE], 0)
        return alike + _FULL * (MOST_DEVICES - fleet.idle) // MOST_DEVICES


def _size(task: Task) -> int:
    """Return the number of devices asked, and 0 for a share."""
    return 0 if task.is_share else task.devices

"""DotProduct as published: the node whose idle cpu and devices lie least along what the task asks.

Source: `calculateDotProductScore` of FGD's simulator (hkust-adsl/kubernetes-scheduler-simulator), dimensions merged and
scaled by the largest node; the idea is that of "Multi-Resource Packing for Cluster Schedulers" (Tetris, SIGCOMM 2014).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.policies.best_fit import MOST_CPU, MOST_DEVICES
from placement.scheduling.policies.tightest import highest_first
from placement.scheduling.ranking import Policy, Ranking
from placement.scheduling.tasks import Task


def scores(task: Task, fleet: Fleet, _: Mix, rows: Rows) -> Ints:
    """Return int(100 (1 - (cpu left * cpu asked + devices left * devices asked) / 2)), all in largest nodes."""
    along_cpu = fleet.cpu[rows] / MOST_CPU * (task.cpu / MOST_CPU)
    along_devices = fleet.idle[rows] / MOST_DEVICES * (task.asked / MOST_DEVICES)
    return (100 * (1 - (along_cpu + along_devices) / 2)).astype(np.int64)


@dataclass
class DotProduct(Policy):
    """The highest score."""

    _kept: Kept[Mix] = field(default_factory=lambda: Kept(scores))

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return one candidate for each node."""
        return highest_first(self._kept.of(task, fleet, mix, rows), task, fleet, rows)

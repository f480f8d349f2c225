"""What the published baselines share: how equal nodes are ordered, and which device a share gets.

Source: the simulator of "Beware of Fragmentation" (FGD, USENIX ATC 2023), hkust-adsl/kubernetes-scheduler-simulator:
its patched kube-scheduler takes the first of equal nodes, `allocateGpuIdBasedOnBestFit` the tightest device.
"""

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.ranking import NO_COLUMN, Ranking
from placement.scheduling.tasks import WHOLE, Task

# What a device that is too small seems to have left: more than any.
_TOO_SMALL = WHOLE + 1


def room(task: Task, fleet: Fleet, rows: Rows) -> Ints:
    """Return the thousandths that each device of these nodes has left, and more than all where they are too few."""
    left = fleet.left[rows]
    return np.where(left >= task.milli, left, _TOO_SMALL)


def highest_first(points: Ints, task: Task, fleet: Fleet, rows: Rows) -> Ranking:
    """Return these nodes by their points, and among equals by their tie; a share goes to the tightest device."""
    columns = room(task, fleet, rows).argmin(1) if task.is_share else np.full(len(rows), NO_COLUMN)
    return Ranking(rows, columns, {"score": -points, "tie": fleet.tie[rows]})

"""GpuPacking as published: devices in use first, then idle devices of nodes in use, then idle nodes.

Source: `getPackingScore` of FGD's simulator (hkust-adsl/kubernetes-scheduler-simulator).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.policies.tightest import highest_first, room
from placement.scheduling.ranking import Policy, Ranking
from placement.scheduling.tasks import WHOLE, Task

# Each way of taking devices has a third of the points.
_MOST, _HALF, _THIRD = 100, 50, 33


def scores(task: Task, fleet: Fleet, _: Mix, rows: Rows) -> Ints:
    """Return the points of each node; without devices all are alike, at 0."""
    if not task.devices:
        return np.zeros(len(rows), np.int64)
    idle = fleet.idle[rows]
    opened = max(_HALF - task.devices, _THIRD)
    used = np.where(idle == fleet.capacity[rows], _on_idle_node(idle // WHOLE), opened)
    if not task.is_share:
        return used
    tightest = room(task, fleet, rows).min(1)
    return np.where(tightest < WHOLE, _on_used_device(tightest), used)


@dataclass
class GpuPacking(Policy):
    """The highest score."""

    _kept: Kept[Mix] = field(default_factory=lambda: Kept(scores))

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return one candidate for each node."""
        return highest_first(self._kept.of(task, fleet, mix, rows), task, fleet, rows)


def _on_idle_node(devices: Ints) -> Ints:
    """Return the points of idle nodes of so many devices: less for larger ones."""
    return np.maximum(_THIRD - devices, devices)


def _on_used_device(left: Ints) -> Ints:
    """Return the points of devices in use that have so much left: less for emptier ones."""
    return np.maximum(_MOST - left * 100 // WHOLE // 10, _HALF)

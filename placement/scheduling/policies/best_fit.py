"""BestFit as published: the node with the least cpu and devices left beside the task.

Source: `getBestFitScore` and `NormalizeScore` of FGD's simulator (hkust-adsl/kubernetes-scheduler-simulator).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.policies.tightest import highest_first
from placement.scheduling.ranking import Policy, Ranking
from placement.scheduling.tasks import Task

# The largest node of the published trace, by which what is left is scaled: cpu in milli, devices in thousandths.
MOST_CPU = 128_000
MOST_DEVICES = 8_000


def scores(task: Task, fleet: Fleet, _: Mix, rows: Rows) -> Ints:
    """Return int(100 (1 - (cpu left / 128000 + devices left / 8000) / 2)) for each node, the task taken away."""
    cpu, devices = fleet.cpu[rows] - task.cpu, fleet.idle[rows] - task.asked
    return (100 * (1 - (cpu / MOST_CPU * 0.5 + devices / MOST_DEVICES * 0.5))).astype(np.int64)


@dataclass
class BestFit(Policy):
    """The highest score, stretched over 0 to 100 among the nodes in question."""

    _kept: Kept[Mix] = field(default_factory=lambda: Kept(scores))

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return one candidate for each node."""
        return highest_first(stretched(self._kept.of(task, fleet, mix, rows)), task, fleet, rows)


def stretched(points: Ints) -> Ints:
    """Return the points moved so that the least is 0 and the most 100, rounded down; all 0 where they are equal."""
    if not len(points) or points.min() == points.max():
        return np.zeros_like(points)
    result: Ints = (points - points.min()) * 100 // (points.max() - points.min())
    return result

"""FGD exactly as published: fragmentation gradient descent with its rounding and its tie-break.

Source: FGD (USENIX ATC 2023), algorithm 1, and its simulator (hkust-adsl/kubernetes-scheduler-simulator).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.fragmentation import increase
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.ranking import NO_COLUMN, Policy, Ranking
from placement.scheduling.tasks import WHOLE, Task

# Below what any device scores.
_NEVER = -1


def scores(task: Task, fleet: Fleet, mix: Mix, rows: Rows) -> Ints:
    """Return int(100 sigmoid(-dF / 1000)) for each node and column: 50 where fragmentation stays as it is."""
    growth = increase(task, fleet, mix, rows)
    points = np.floor(100 / (1 + np.exp(growth / WHOLE)))
    return np.where(np.isfinite(growth), points, _NEVER).astype(np.int64)


@dataclass
class Fgd(Policy):
    """The highest score, and among equals the first node of a fixed order; of a node the first such device."""

    _kept: Kept[Mix] = field(default_factory=lambda: Kept(scores))

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return one candidate for each node: its best device."""
        points = self._kept.of(task, fleet, mix, rows)
        columns = points.argmax(1)
        best = points[np.arange(len(rows)), columns]
        devices = columns if task.is_share else np.full(len(rows), NO_COLUMN)
        return Ranking(rows, devices, {"score": -best, "tie": fleet.tie[rows]})

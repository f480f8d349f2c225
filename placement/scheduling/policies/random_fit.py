"""Random as published: any node and any device on which the task fits, each as likely.

Source: `RandomScorePlugin` and `allocateGpuIdBasedOnRandomFit` of FGD's simulator
(hkust-adsl/kubernetes-scheduler-simulator).
"""

from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix
from placement.scheduling.ranking import NO_COLUMN, Policy, Ranking
from placement.scheduling.tasks import Task


@dataclass
class RandomFit(Policy):
    """A drawn order, the same for the same seed and the same questions."""

    seed: int
    _draws: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._draws = np.random.default_rng(self.seed)

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:  # noqa: ARG002 - the policy's port
        """Return one candidate for each node, drawn in the order of ties: that of rows decides nothing."""
        by_tie = rows[fleet.tie[rows].argsort()]
        columns = self._columns(task, fleet, by_tie) if task.is_share else np.full(len(rows), NO_COLUMN)
        return Ranking(by_tie, columns, {"draw": self._draws.permutation(len(rows))})

    def _columns(self, task: Task, fleet: Fleet, rows: Rows) -> Ints:
        """Return a device of each node that has enough left."""
        left = fleet.left[rows]
        columns: Ints = np.where(left >= task.milli, self._draws.random(left.shape), -1).argmax(1)
        return columns

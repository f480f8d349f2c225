"""Berth's policy: what a placement strands, wastes of devices, and takes of the room for scarce tasks, summed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache

import numpy as np

from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.copies import room
from placement.scheduling.fleet import Fleet
from placement.scheduling.fragmentation import increase_at
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.outlook import Outlook, outlook
from placement.scheduling.ranking import NO_COLUMN, Explanation, Place, Policy, Ranking
from placement.scheduling.tasks import WHOLE, Task

# A device that is wasted or starved weighs more than one that is stranded for the moment; room for other tasks, and the
# time until a node is whole again, weigh less. Waste matters less where tasks leave again: then it does not last.
WASTE_WEIGHT = 30.0
PASSING_WASTE_WEIGHT = 3.0
STARVED_WEIGHT = 30.0
ROOM_WEIGHT = 0.1
REOPENING_WEIGHT = 0.1

# The outlook is taken anew when so much of what was idle was taken since, or freed beside it.
MOVED_SHARE = 0.1

# Sums of many numbers differ in the last bits by the order of adding; what differs by less is equal.
_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Costs:
    """What placements cost, in thousandths of a device, one element for each: the parts, each with its weight.

    `stranded` is the growth of fragmentation (F of FGD), `wasted` that of waste, `starved` that of idle devices without
    cpu, `room` the worth of the copies of expected tasks that the node can take no longer. `reopening` is the growth of
    the time until the node's devices are all idle again, in mean stays of a task: with n tasks whose stays are
    exponential that is 1 + 1/2 + ... + 1/n.
    """

    stranded: Floats
    wasted: Floats
    starved: Floats
    room: Floats
    reopening: Floats

    @property
    def parts(self) -> Mapping[str, Floats]:
        """The parts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def total(self) -> Floats:
        """The sum that decides."""
        return np.round(self.stranded + self.wasted + self.starved + self.room + self.reopening, _DECIMALS)


def costs(task: Task, fleet: Fleet, basis: Outlook, rows: Rows, left: Ints) -> Costs:
    """Return what it costs to put the task on nodes, a share on devices with so much left."""
    turnover, before = basis.mix.turnover, room(fleet, basis.mix.every, rows)
    lost = (before.copies - before.without(task, left).copies) * basis.prices
    waste_weight = WASTE_WEIGHT + (PASSING_WASTE_WEIGHT - WASTE_WEIGHT) * turnover
    return Costs(
        increase_at(task, fleet, basis.typical, rows, left),
        waste_weight * task.devices * basis.waste.grown(left, task.milli),
        STARVED_WEIGHT * _starved(task, fleet, basis, rows),
        ROOM_WEIGHT * np.ascontiguousarray(lost).sum(1),
        REOPENING_WEIGHT * turnover * bool(task.devices) * fleet.capacity[rows] / (1 + fleet.tasks[rows]),
    )


def _starved(task: Task, fleet: Fleet, basis: Outlook, rows: Rows) -> Floats:
    """Return by how much more of the nodes' devices lacks cpu; a task without devices is not asked to mind that."""
    if not task.devices:
        return np.zeros(len(rows))
    idle, cpu = fleet.idle[rows], fleet.cpu[rows]
    return basis.starved(idle - task.asked, cpu - task.cpu) - basis.starved(idle, cpu)


@dataclass
class Berth(Policy):
    """The least cost; among equals the fuller node."""

    _kept: Kept[Outlook] = field(default_factory=lambda: Kept(_totals))
    _outlook: tuple[Fleet, Outlook] | None = None

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return a candidate for each node and level of its devices."""
        totals = self._kept.of(task, fleet, self.outlook(fleet, mix), rows)
        nodes, columns = np.nonzero(np.isfinite(totals))
        chosen = rows[nodes]
        devices = columns if task.is_share else np.full(len(columns), NO_COLUMN)
        parts = {
            "cost": totals[nodes, columns],
            "idle": fleet.idle[chosen],
            "idle_cpu": fleet.cpu[chosen],
            "idle_memory": fleet.memory[chosen],
            "tie": fleet.tie[chosen],
        }
        return Ranking(chosen, devices, parts)

    def explain(self, task: Task, fleet: Fleet, mix: Mix, places: Sequence[Place]) -> Explanation:
        """Return what tells the parts of the cost of each place; they are computed when the first is asked for."""
        rows = np.array([place.row for place in places], np.intp)
        left = [fleet.left[place.row, place.column] if task.is_share else WHOLE for place in places]
        part, basis = fleet.part(rows), self.outlook(fleet, mix)

        @cache
        def parts() -> Mapping[str, Floats]:
            return costs(task, part, basis, np.arange(len(rows)), np.array(left, np.int64)).parts

        return lambda number: {name: float(values[number]) for name, values in parts().items()}

    def outlook(self, fleet: Fleet, mix: Mix) -> Outlook:
        """Return the outlook by which decisions are made until the mix is another or much has moved."""
        of, known = self._outlook or (None, None)
        if known is None or of is not fleet or known.mix is not mix or _has_moved(fleet, known):
            known = outlook(fleet, mix, known)
            self._outlook = fleet, known
        return known


def _has_moved(fleet: Fleet, known: Outlook) -> bool:
    return abs(int(fleet.idle.sum()) - known.idle) > MOVED_SHARE * known.idle


def _totals(task: Task, fleet: Fleet, basis: Outlook, rows: Rows) -> Floats:
    """Return the cost of each node and device, infinite where the task does not fit or another device is alike."""
    if not task.is_share:
        return costs(task, fleet, basis, rows, np.full(len(rows), WHOLE)).total[:, None]
    left = fleet.left[rows]
    totals = np.full(left.shape, np.inf)
    nodes, columns = np.nonzero((left >= task.milli) & _distinct(left))
    totals[nodes, columns] = costs(task, fleet, basis, rows[nodes], left[nodes, columns]).total
    return totals


def _distinct(left: Ints) -> Flags:
    """Tell which devices are the first of their node with so much left."""
    flags = [~(left[:, :column] == left[:, column : column + 1]).any(1) for column in range(left.shape[1])]
    return np.stack(flags, axis=1)

"""Berth's policy: what a placement strands, wastes of devices, and takes of the room for scarce tasks, summed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.copies import room
from placement.scheduling.fleet import Fleet
from placement.scheduling.fragmentation import increase_at
from placement.scheduling.kept import Kept
from placement.scheduling.mix import Mix
from placement.scheduling.outlook import Outlook, outlook
from placement.scheduling.ranking import NO_COLUMN, Place, Policy, Ranking
from placement.scheduling.tasks import WHOLE, Task

# A device wasted weighs more than one that is stranded for the moment, and room for other tasks less than either.
WASTE_WEIGHT = 30.0
ROOM_WEIGHT = 0.1

# The outlook is taken anew when so much of what was idle was taken since, or freed beside it.
MOVED_SHARE = 0.1

# Sums of many numbers differ in the last bits by the order of adding; what differs by less is equal.
_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Costs:
    """What placements cost, in thousandths of a device, one element for each: the parts, and their weighted sum.

    `stranded` is the growth of fragmentation (F of FGD), `wasted` that of waste, `room` the worth of the copies of
    expected tasks that the node can take no longer.
    """

    stranded: Floats
    wasted: Floats
    room: Floats

    @property
    def total(self) -> Floats:
        """The sum that decides."""
        total = self.stranded + WASTE_WEIGHT * self.wasted + ROOM_WEIGHT * self.room
        return np.round(total, _DECIMALS)


def costs(task: Task, fleet: Fleet, basis: Outlook, rows: Rows, left: Ints) -> Costs:
    """Return what it costs to put the task on nodes, a share on devices with so much left."""
    stranded = increase_at(task, fleet, basis.typical, rows, left)
    before = room(fleet, basis.mix.every, rows)
    lost = (before.copies - before.without(task, left).copies) * basis.prices
    wasted = basis.waste.grown(left, task.milli) * task.devices
    return Costs(stranded, wasted, np.ascontiguousarray(lost).sum(1))


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

    def explain(self, task: Task, fleet: Fleet, mix: Mix, places: Sequence[Place]) -> Sequence[Mapping[str, float]]:
        """Return the parts of the cost of each place."""
        rows = np.array([place.row for place in places], np.intp)
        left = [fleet.left[place.row, place.column] if task.is_share else WHOLE for place in places]
        found = costs(task, fleet, self.outlook(fleet, mix), rows, np.array(left, np.int64))
        parts = zip(found.stranded.tolist(), found.wasted.tolist(), found.room.tolist(), strict=True)
        return [{"stranded": stranded, "wasted": wasted, "room": room} for stranded, wasted, room in parts]

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

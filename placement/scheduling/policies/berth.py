"""Berth's policy: what a placement strands, wastes of devices, and takes of the room for scarce tasks, summed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.copies import room
from placement.scheduling.fleet import Fleet
from placement.scheduling.fragmentation import increase_at
from placement.scheduling.mix import Mix
from placement.scheduling.outlook import Outlook, outlook
from placement.scheduling.ranking import NO_COLUMN, Explanation, Place, Policy, Ranking
from placement.scheduling.task_columns import TaskColumns, repeated
from placement.scheduling.tasks import WHOLE, Task
from placement.scheduling.valuations import Valuations, Worth

# A device that is wasted or starved weighs more than one that is stranded for the moment; room for other tasks, and the
# time until a node is whole again, weigh less. Waste matters less where tasks leave again: then it does not last.
WASTE_WEIGHT = 30.0
PASSING_WASTE_WEIGHT = 3.0
STARVED_WEIGHT = 30.0
ROOM_WEIGHT = 0.1
REOPENING_WEIGHT = 0.1

# The outlook is taken anew when so much of what was idle was taken since, or freed beside it.
MOVED_SHARE = 0.1

# Of so many nodes one decision counts towards the next outlook.
PATIENCE = 64

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


def costs(tasks: TaskColumns, fleet: Fleet, basis: Outlook, rows: Rows, left: Ints) -> Costs:
    """Return what it costs to put each task on the node beside it, on devices with so much left (1000 of whole ones).

    A node, or a task, may come several times.
    """
    turnover, before = basis.mix.turnover, room(fleet, basis.mix.every, rows)
    lost = (before.copies - before.without(tasks, left).copies) * basis.prices
    waste_weight = WASTE_WEIGHT + (PASSING_WASTE_WEIGHT - WASTE_WEIGHT) * turnover
    return Costs(
        increase_at(tasks, fleet, basis.typical, rows, left),
        waste_weight * tasks.devices * basis.waste.grown(left, tasks.milli),
        STARVED_WEIGHT * _starved(tasks, fleet, basis, rows),
        ROOM_WEIGHT * np.ascontiguousarray(lost).sum(1),
        REOPENING_WEIGHT * turnover * (tasks.devices > 0) * fleet.capacity[rows] / (1 + fleet.tasks[rows]),
    )


def _starved(tasks: TaskColumns, fleet: Fleet, basis: Outlook, rows: Rows) -> Floats:
    """Return by how much more of the nodes' devices lacks cpu; a task without devices is not asked to mind that."""
    idle, cpu = fleet.idle[rows], fleet.cpu[rows]
    more = basis.starved(idle - tasks.asked, cpu - tasks.cpu) - basis.starved(idle, cpu)
    return np.where(tasks.devices > 0, more, 0.0)


@dataclass
class Berth(Policy):
    """The least cost; among equals the fuller node.

    Where the mix is another one or much has moved, the next outlook is taken when a task was placed, and counts after
    some further decisions: so long there is time to compute by it what nodes cost, while nobody waits. The larger the
    fleet, the longer that takes, and the less a decision changes it; in small ones it counts at once.
    """

    _current: Valuations | None = None
    _next: Valuations | None = None
    _decisions: int = 0

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return a candidate for each node: the best of its devices."""
        worth = self._values(fleet, mix).of(task, rows)
        parts = {
            "cost": worth.cost,
            "idle": fleet.idle[rows],
            "idle_cpu": fleet.cpu[rows],
            "idle_memory": fleet.memory[rows],
            "tie": fleet.tie[rows],
        }
        return Ranking(rows, worth.column if task.is_share else np.full(len(rows), NO_COLUMN), parts)

    def place(self, task: Task, fleet: Fleet, row: int, mix: Mix) -> Place:
        """Return the candidate of a node."""
        cost, column = self._values(fleet, mix).at(task, row)
        idle, cpu, memory, tie = (float(each[row]) for each in (fleet.idle, fleet.cpu, fleet.memory, fleet.tie))
        parts = {"cost": cost, "idle": idle, "idle_cpu": cpu, "idle_memory": memory, "tie": tie}
        return Place(row, column if task.is_share else NO_COLUMN, parts)

    def settle(self, fleet: Fleet, mix: Mix) -> None:
        """Let the next outlook count if it is time, and take one if it is due."""
        current = self._values(fleet, mix)
        self._decisions += 1
        if self._next and self._decisions * PATIENCE > len(fleet.names):
            self._current, self._next = self._next, None
        elif self._next is None and _is_due(fleet, mix, current.basis):
            self._next = Valuations(assess, fleet, outlook(fleet, mix, current.basis))
            self._decisions = 0

    def basis(self, fleet: Fleet, mix: Mix) -> object:
        """Return the values by which nodes are ranked."""
        return self._values(fleet, mix)

    def prepare(self, fleet: Fleet, mix: Mix) -> bool:
        """Compute some of what decisions to come need; tell whether that was all."""
        current = self._values(fleet, mix)
        tasks = current.likely
        return current.prepare(tasks) and (self._next is None or self._next.prepare(tasks))

    def explain(self, task: Task, fleet: Fleet, mix: Mix, places: Sequence[Place]) -> Explanation:
        """Return what tells the parts of the cost of each place; they are computed when the first is asked for."""
        rows = np.array([place.row for place in places], np.intp)
        left = [fleet.left[place.row, place.column] if task.is_share else WHOLE for place in places]
        part, basis = fleet.part(rows), self._values(fleet, mix).basis

        @cache
        def parts() -> Mapping[str, Floats]:
            asked = repeated(task, len(rows))
            return costs(asked, part, basis, np.arange(len(rows)), np.array(left, np.int64)).parts

        return lambda number: {name: float(values[number]) for name, values in parts().items()}

    def _values(self, fleet: Fleet, mix: Mix) -> Valuations:
        known = self._current.basis if self._current and self._current.fleet is fleet else None
        is_small = 0 < len(fleet.names) < PATIENCE  # Of none the mix is another one each time.
        if self._current is None or known is None or (is_small and _is_due(fleet, mix, known)):
            self._current, self._next = Valuations(assess, fleet, outlook(fleet, mix, known)), None
        return self._current


def _is_due(fleet: Fleet, mix: Mix, known: Outlook) -> bool:
    return known.mix is not mix or _has_moved(fleet, known)


def _has_moved(fleet: Fleet, known: Outlook) -> bool:
    return abs(int(fleet.idle.sum()) - known.idle) > MOVED_SHARE * known.idle


def assess(tasks: TaskColumns, fleet: Fleet, basis: Outlook, rows: Rows) -> Worth:
    """Return the least cost of each task on the node beside it, and where: devices with as much left cost the same.

    Infinite where no device has enough left for a share; elsewhere the task is taken to fit.
    """
    left, shares = fleet.left[rows], tasks.are_shares[:, None]
    first = np.arange(left.shape[1]) == 0
    pairs, columns = np.nonzero(np.where(shares, (left >= tasks.milli[:, None]) & _distinct(left), first))
    of_device = np.where(shares[pairs, 0], left[pairs, columns], WHOLE)
    totals = np.full(left.shape, np.inf)
    totals[pairs, columns] = costs(tasks.at(pairs), fleet, basis, rows[pairs], of_device).total
    best = totals.argmin(1)
    return Worth(totals[np.arange(len(rows)), best], best)


def _distinct(left: Ints) -> Flags:
    """Tell which devices are the first of their node with so much left."""
    width = left.shape[1]
    twins = (left[:, :, None] == left[:, None, :]) & np.tri(width, width, -1, np.bool_)
    distinct: Flags = ~twins.any(2)
    return distinct

"""Fragmentation: the idle accelerators of nodes that the expected mix of tasks cannot use, as FGD defines it.

Source: "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent" (FGD, USENIX ATC
2023), section 4. For node n with idle devices left_i and a task m of the mix M,

    F_n(m) = sum of left_i          where m asks for no device, or does not fit n (its class, cpu, or devices)
             sum of left_i < g_m    where it fits: what is left of devices too small for it
    F_n(M) = sum over m of p_m F_n(m)

which is computed as R_n - U_n, with R_n the sum of left_i, and U_n the sum of p_m left_i over the tasks m that fit and
the devices with left_i >= g_m. Amounts are thousandths of a device.
"""

from dataclasses import dataclass

import numpy as np

from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix, MixColumns, admitted
from placement.scheduling.task_columns import TaskColumns, repeated
from placement.scheduling.tasks import WHOLE, Task


def fragmentation(fleet: Fleet, mix: Mix, rows: Rows) -> Floats:
    """Return F_n(M) of these nodes: what of their idle devices is stranded, in thousandths of a device."""
    state = _state(fleet, mix.on_devices, rows)
    idle: Floats = fleet.idle[rows] - state.usable(state.enough, state.sums)
    return idle


def increase(task: Task, fleet: Fleet, mix: Mix, rows: Rows) -> Floats:
    """Return by how much F_n(M) grows when the task is put on each node, one column for each device it may go to.

    A share may go to each device of a divisible node, anything else has one column. Infinite where the device has too
    little left; elsewhere the task is taken to fit.
    """
    if not task.is_share:
        return increase_at(repeated(task, len(rows)), fleet, mix, rows, np.full(len(rows), WHOLE))[:, None]
    left = fleet.left[rows]
    grown = np.full(left.shape, np.inf)
    nodes, columns = np.nonzero(left >= task.milli)
    tasks = repeated(task, len(nodes))
    grown[nodes, columns] = increase_at(tasks, fleet, mix, rows[nodes], left[nodes, columns])
    return grown


def increase_at(tasks: TaskColumns, fleet: Fleet, mix: Mix, rows: Rows, left: Ints) -> Floats:
    """Return by how much F_n(M) grows when each task is put on the node beside it, which may come several times.

    `left` is what is left of the devices that it takes: 1000 of those that are taken as a whole.
    """
    unique, which = np.unique(rows, return_inverse=True)
    state = _state(fleet, mix.on_devices, unique)
    before = state.usable(state.enough, state.sums)[which]
    grown: Floats = before - _beside(state.at(which), tasks, left) - tasks.asked
    return grown


@dataclass(frozen=True, eq=False)
class _State:
    """Nodes against tasks, one row for each node and one column for each task of the mix.

    `enough` counts a node's devices with at least what the task asks of each, `sums` is what they have left in all.
    """

    mix: MixColumns
    cpu: Ints
    admits: Flags
    enough: Ints
    sums: Ints

    def at(self, rows: Rows) -> "_State":
        """Return these rows of it."""
        return _State(self.mix, self.cpu[rows], self.admits[rows], self.enough[rows], self.sums[rows])

    def usable(self, enough: Ints, sums: Ints, cpu: Ints | int = 0) -> Floats:
        """Return U_n, with these devices and so much cpu of each node taken."""
        fits = self.admits & ((self.cpu - cpu)[:, None] >= self.mix.cpu) & (enough >= self.mix.devices)
        # Not a product of matrices: nodes alike must count alike to the last bit, however many are asked about at once.
        result: Floats = np.ascontiguousarray(fits * sums * self.mix.popularity).sum(1)
        return result


def _state(fleet: Fleet, mix: MixColumns, rows: Rows) -> _State:
    left, count = fleet.left[rows], fleet.count[rows]
    large = (left[:, :, None] >= mix.sizes) * count[:, :, None]
    enough, sums = large.sum(1), (large * left[:, :, None]).sum(1)
    admits = admitted(mix, fleet.kinds)[fleet.kind[rows]]
    return _State(mix, fleet.cpu[rows], admits, mix.of_sizes(enough), mix.of_sizes(sums))


def _beside(state: _State, tasks: TaskColumns, left: Ints) -> Floats:
    """Return U_n with the task taken of devices with so much left."""
    devices, before, after = tasks.devices[:, None], left[:, None], (left - tasks.milli)[:, None]
    was, stays = before >= state.mix.milli, after >= state.mix.milli
    fewer, less = devices * (was.view(np.int8) - stays.view(np.int8)), devices * (was * before - stays * after)
    return state.usable(state.enough - fewer, state.sums - less, tasks.cpu)

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
        return increase_at(task, fleet, mix, rows, np.full(len(rows), WHOLE))[:, None]
    left = fleet.left[rows]
    grown = np.full(left.shape, np.inf)
    nodes, columns = np.nonzero(left >= task.milli)
    grown[nodes, columns] = increase_at(task, fleet, mix, rows[nodes], left[nodes, columns])
    return grown


def increase_at(task: Task, fleet: Fleet, mix: Mix, rows: Rows, left: Ints) -> Floats:
    """Return the same for nodes of which each may come several times, with what is left of the device for a share."""
    if not task.is_share:
        state = _state(fleet, mix.on_devices, rows)
        whole: Floats = state.usable(state.enough, state.sums) - _without(state, task) - task.asked
        return whole
    unique, which = np.unique(rows, return_inverse=True)
    state = _state(fleet, mix.on_devices, unique)
    before = state.usable(state.enough, state.sums)[which]
    grown: Floats = before - _beside(state.at(which), task, left) - task.asked
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

    def usable(self, enough: Ints, sums: Ints, cpu: int = 0) -> Floats:
        """Return U_n, with these devices and so much cpu taken."""
        fits = self.admits & (self.cpu[:, None] - cpu >= self.mix.cpu) & (enough >= self.mix.devices)
        # Not a product of matrices: nodes alike must count alike to the last bit, however many are asked about at once.
        result: Floats = np.ascontiguousarray(fits * sums * self.mix.popularity).sum(1)
        return result


def _state(fleet: Fleet, mix: MixColumns, rows: Rows) -> _State:
    left, count = fleet.left[rows], fleet.count[rows]
    large = (left[:, :, None] >= mix.sizes) * count[:, :, None]
    enough, sums = large.sum(1), (large * left[:, :, None]).sum(1)
    admits = admitted(mix, fleet.kinds)[fleet.kind[rows]]
    return _State(mix, fleet.cpu[rows], admits, mix.of_sizes(enough), mix.of_sizes(sums))


def _without(state: _State, task: Task) -> Floats:
    """Return U_n with the task's whole devices taken."""
    return state.usable(state.enough - task.devices, state.sums - WHOLE * task.devices, task.cpu)


def _beside(state: _State, task: Task, left: Ints) -> Floats:
    """Return U_n with the share taken of a device with so much left."""
    before, after = left[:, None], left[:, None] - task.milli
    was, stays = before >= state.mix.milli, after >= state.mix.milli
    enough = state.enough - was + stays
    return state.usable(enough, state.sums - was * before + stays * after, task.cpu)

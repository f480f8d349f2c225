"""Copies: how many more of each expected task a node could take.

    copies_m(n) = min( floor(cpu left / c_m), floor(sum over devices of floor(left_i / g_m) / k_m) )

for a task m of c_m cpu and k_m devices of g_m each whose classes admit the node; without devices the first alone.
"""

from dataclasses import dataclass

import numpy as np

from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import MixColumns, admitted
from placement.scheduling.task_columns import TaskColumns

# Room for what a task does not ask for: for more copies than anybody counts.
_UNBOUNDED = 1e9


@dataclass(frozen=True, eq=False)
class Room:
    """Room for tasks on nodes, a row for each node and a column for each task: by cpu, and slots on devices.

    Whole numbers as floats, whose division is several times as fast, and exact below 2^52.
    """

    tasks: MixColumns
    cpu: Floats
    slots: Floats
    admits: Flags

    @property
    def copies(self) -> Floats:
        """How many copies of each task fit."""
        by_cpu = np.floor(self.cpu[:, None] / np.maximum(self.tasks.cpu, 1))
        by_cpu[:, np.flatnonzero(self.tasks.cpu == 0)] = _UNBOUNDED
        by_devices, several = self.slots.copy(), np.flatnonzero(self.tasks.devices > 1)
        by_devices[:, several] = np.floor(by_devices[:, several] / self.tasks.devices[several])
        result: Floats = np.minimum(by_cpu, by_devices) * self.admits
        return result

    def without(self, taken: TaskColumns, left: Ints) -> "Room":
        """Return the room that stays where each node takes the task beside it, of devices with so much left."""
        tasks, before = self.tasks, left[:, None].astype(np.float64)
        per_device = np.floor(before / tasks.sizes) - np.floor((before - taken.milli[:, None]) / tasks.sizes)
        slots = self.slots - tasks.of_sizes(taken.devices[:, None] * per_device) * (tasks.devices > 0)
        return Room(tasks, self.cpu - taken.cpu, slots, self.admits)


def room(fleet: Fleet, tasks: MixColumns, rows: Rows) -> Room:
    """Return the room for tasks on these nodes."""
    left = fleet.left[rows][:, :, None].astype(np.float64)
    slots = tasks.of_sizes((np.floor(left / tasks.sizes) * fleet.count[rows][:, :, None]).sum(1))
    slots[:, tasks.devices == 0] = _UNBOUNDED
    admits = admitted(tasks, fleet.kinds)[fleet.kind[rows]]
    return Room(tasks, fleet.cpu[rows].astype(np.float64), slots, admits)

"""The outlook: what the expected mix makes of a fleet as it stands, for all decisions until it is looked at anew.

With mean demand G of a task and idle capacity I, T = I / G more tasks fill the fleet, D_m = p_m T of them of task m.
"""

from dataclasses import dataclass

import numpy as np

from placement.scheduling.arrays import Floats, Ints
from placement.scheduling.copies import room
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix, typical
from placement.scheduling.waste import LEVELS, NO_WASTE, STEP, Sizes, Waste, waste_of

# Idle devices are starved where cpu is left for less than this share of what tasks ask beside them on average: below it
# even tasks of little cpu find none.
CPU_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Outlook:
    """What is expected, and what capacity is worth; compared by identity, as what is kept by it is.

    `prices` has what a copy of each task is worth, in thousandths of a device: G D_m / (C_m + D_m), where the fleet has
    room for C_m copies. A task of which there is room for many more than will come costs next to nothing; the fewer
    copies are left, the more another one is worth. `waste` has what is wasted of a device by its level (see waste).
    `cpu_per_device` is the cpu without which idle devices are starved, in milli for each thousandth of a device.
    """

    mix: Mix
    typical: Mix
    waste: Waste
    prices: Floats
    idle: int
    cpu_per_device: float

    def starved(self, idle: Ints, cpu: Ints) -> Floats:
        """Return what of idle devices lacks cpu, in thousandths of a device."""
        if not self.cpu_per_device:
            return np.zeros(len(idle))
        lacking: Floats = np.maximum(idle - np.maximum(cpu, 0) / self.cpu_per_device, 0)
        return lacking


def outlook(fleet: Fleet, mix: Mix, before: Outlook | None = None) -> Outlook:
    """Return the outlook of a fleet; the one before makes it cheaper."""
    tasks, idle = mix.every, int(fleet.idle.sum())
    mean = float(tasks.popularity @ (tasks.devices * tasks.milli))
    to_come = tasks.popularity * (idle / mean if mean else 0.0)
    copies = room(fleet, tasks, np.arange(len(fleet.names))).copies.sum(0)
    prices = mean * to_come / np.maximum(copies + to_come, 1e-9)
    waste, cpu = _waste(fleet, mix, to_come, before), CPU_SHARE * _cpu_per_device(mix)
    return Outlook(mix, typical(mix), waste, prices, idle, cpu)


def _cpu_per_device(mix: Mix) -> float:
    """Return the cpu that tasks with accelerators ask for each thousandth of a device, in milli."""
    tasks = mix.on_devices
    asked = float(tasks.popularity @ (tasks.devices * tasks.milli))
    return float(tasks.popularity @ tasks.cpu) / asked if asked else 0.0


def _waste(fleet: Fleet, mix: Mix, to_come: Floats, before: Outlook | None) -> Waste:
    """Return the waste of devices; those that are taken as a whole have none."""
    if not fleet.is_divisible:
        return NO_WASTE
    return waste_of(_sizes(mix, to_come), _levels(fleet), before.waste if before else None)


def _sizes(mix: Mix, to_come: Floats) -> Sizes:
    """Return how many devices or parts of one are to come, by size."""
    tasks = mix.every
    on_devices = tasks.devices > 0
    steps, which = np.unique(-(-tasks.milli[on_devices] // STEP), return_inverse=True)
    return Sizes(
        steps.astype(np.int64), np.bincount(which, (to_come * tasks.devices)[on_devices], len(steps)).astype(float)
    )


def _levels(fleet: Fleet) -> Floats:
    """Return how many devices there are of each level."""
    levels: Ints = fleet.left // STEP
    return np.bincount(levels.ravel(), fleet.count.ravel(), LEVELS + 1).astype(np.float64)

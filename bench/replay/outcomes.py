"""What a cluster's placements come to, beside those of a replay."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.replay.cuts import Cut
from bench.replay.playing import Placed, Played
from placement.scheduling.expectation import Learnt, prior
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.policies.berth import Berth
from placement.scheduling.replay import Arrival, replay
from placement.scheduling.tasks import WHOLE, Task


@dataclass(frozen=True, slots=True)
class Outcome:
    """Accelerators that are left, pods placed, and, where there is a replay, those that stand where it has them."""

    unallocated: float
    placed: int
    alike: int | None = None


def replayed(cut: Cut) -> dict[int, Placed | None]:
    """Return where arithmetic puts each arrival, with the mix learnt from the arrivals."""
    fleet = cut.fleet
    steps = replay(cut.arrivals.values(), fleet, Berth(), Learnt(prior(fleet.shapes)))
    outcomes: dict[int, Placed | None] = {}
    for number, step in zip(cut.arrivals, steps, strict=True):
        outcomes[number] = Placed(fleet.names[step.taken.row], step.taken.columns) if step.taken else None
    return outcomes


def compared(cut: Cut, played: Played, expected: Mapping[int, Placed | None]) -> Outcome:
    """Return what was played beside what was replayed: node and devices of every arrival."""
    placed = [number for number, outcome in played.outcomes.items() if outcome]
    held = sum(cut.arrivals[number].task.asked for number in placed)
    alike = sum(played.outcomes[number] == outcome for number, outcome in expected.items())
    return Outcome((cut.capacity - held) / WHOLE, len(placed), alike)


def on_devices(cut: Cut, played: Played) -> Outcome:
    """Return what placements by sums come to, put onto devices in the order in which they were made.

    A share goes to the tightest device of its node. A pod that no device can hold counts as not placed: a scheduler
    that knows the sum of a node alone has promised what is not there.
    """
    fleet, placed = cut.fleet, 0
    rows = {name: row for row, name in enumerate(fleet.names)}
    for number, outcome in played.outcomes.items():
        if outcome and _took(fleet, cut.arrivals[number], rows[outcome.node]):
            placed += 1
    return Outcome(int(fleet.idle.sum()) / WHOLE, placed)


def _took(fleet: Fleet, arrival: Arrival, row: int) -> bool:
    task, memory = arrival
    if task.devices and not fleet.holds(task)[row]:
        return False
    fleet.take(
        task, memory, Taken(row, fleet.columns_for(task, row, _tightest(fleet, task, row)) if task.devices else ())
    )
    return True


def _tightest(fleet: Fleet, task: Task, row: int) -> int:
    left = fleet.left[row]
    return int(np.where(left >= task.milli, left, WHOLE + 1).argmin())

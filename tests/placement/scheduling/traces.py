"""The published trace replayed: read from the folder beside the project, and what is counted of a replay."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import fmean

import numpy as np

from placement.scheduling.expectation import Learnt, prior
from placement.scheduling.fleet import Fleet, NodeState, fleet_of
from placement.scheduling.fragmentation import fragmentation
from placement.scheduling.mix import Mix, mix_of, typical
from placement.scheduling.ranking import Policy
from placement.scheduling.replay import Arrival, Expectation, Step, replay
from placement.scheduling.tasks import WHOLE, Task
from tests.placement.scheduling.fleets import Known

Row = dict[str, str]

# Loads in percent, and what FGD allocates there of the default trace with seed 42, as published: in percent.
LOADS = (80, 90, 95, 100, 130)
FGD_ALLOCATES = (79.99, 89.98, 94.92, 95.14, 95.29)


@dataclass(frozen=True)
class Trace:
    """Nodes with the order in which the published simulator breaks ties, arrivals, and the mix of the whole trace."""

    nodes: tuple[tuple[int, NodeState], ...]
    arrivals: tuple[Arrival, ...]
    mix: Mix

    def fleet(self) -> Fleet:
        """Return the nodes with nothing placed on them."""
        return fleet_of([state for _, state in self.nodes], [tie for tie, _ in self.nodes])

    def shortened(self, every: int, arrivals: int) -> "Trace":
        """Return the first arrivals, and every so manieth node in the order of ties."""
        nodes = sorted(self.nodes, key=lambda pair: pair[0])[::every]
        return Trace(tuple(nodes), self.arrivals[:arrivals], self.mix)


@cache
def trace(folder: Path, variant: str, seed: int) -> Trace:
    """Read a trace; each is read once."""
    return Trace(
        tuple((int(row["tie_rank"]), _node(row)) for row in _rows(folder / f"nodes_{variant}_{seed}.csv.gz")),
        tuple(
            Arrival(_task(row), int(row["memory_mib"])) for row in _rows(folder / f"arrivals_{variant}_{seed}.csv.gz")
        ),
        mix_of(Counter(_task(row) for row in _rows(folder / f"pods_{variant}.csv.gz"))),
    )


@dataclass
class Course:
    """What was counted after each step of a replay, in percent, by the load that it rounds to.

    Load is what was asked so far of the fleet's devices, dropped arrivals included. The ratio is that of stranded to
    idle devices, counted where it is wished for.
    """

    fleet: Fleet
    mix: Mix
    with_ratio: bool
    asked: int = 0
    allocated: int = 0
    allocations: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    ratios: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._capacity = int(self.fleet.capacity.sum())
        self._stranded = fragmentation(self.fleet, self.mix, np.arange(len(self.fleet.names)))

    @property
    def load(self) -> int:
        """The load, in percent."""
        return round(100 * self.asked / self._capacity)

    @property
    def unallocated(self) -> float:
        """What nobody has, in devices."""
        return (self._capacity - self.allocated) / WHOLE

    def count(self, step: Step) -> None:
        """Count a step."""
        self.asked += step.arrival.task.asked
        self.allocated += step.arrival.task.asked if step.taken else 0
        self.allocations[self.load].append(100 * self.allocated / self._capacity)
        if self.with_ratio:
            self._count_stranded(step)

    def _count_stranded(self, step: Step) -> None:
        if step.taken:
            row = np.array([step.taken.row])
            self._stranded[row] = fragmentation(self.fleet, self.mix, row)
        self.ratios[self.load].append(100 * self._stranded.sum() / (self._capacity - self.allocated))

    def allocation(self, *loads: int) -> list[float]:
        """Return the mean allocation at these loads."""
        return [fmean(self.allocations[load]) for load in loads]

    def ratio(self, *loads: int) -> list[float]:
        """Return the mean ratio of stranded to idle devices at these loads."""
        return [fmean(self.ratios[load]) for load in loads]


def course(of: Trace, policy: Policy, until: int = 1000, *, with_ratio: bool = False) -> Course:
    """Replay a trace up to a load, with the typical tasks expected."""
    fleet, mix = of.fleet(), typical(of.mix)
    counted = Course(fleet, mix, with_ratio)
    _count(of, policy, Known(mix), counted, until)
    return counted


def course_learning(of: Trace, fleet: Fleet, policy: Policy) -> Course:
    """Replay a trace on a fleet, with nothing known of it beforehand but the shapes of the nodes."""
    counted = Course(fleet, of.mix, with_ratio=False)
    _count(of, policy, Learnt(prior(fleet.shapes)), counted)
    return counted


def _count(of: Trace, policy: Policy, expectation: Expectation, counted: Course, until: int = 1000) -> None:
    for step in replay(of.arrivals, counted.fleet, policy, expectation):
        counted.count(step)
        if counted.load > until:
            break


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _task(row: Row) -> Task:
    devices = int(row["num_gpu"])
    milli = int(row["gpu_milli"]) if devices else WHOLE
    return Task(int(row["cpu_milli"]), devices, milli, tuple(filter(None, row["gpu_spec"].split("|"))))


def _node(row: Row) -> NodeState:
    devices = int(row["gpu"])
    left, count = (WHOLE,) * devices, (1,) * devices
    name, cpu, memory = row["sn"], int(row["cpu_milli"]), int(row["memory_mib"])
    return NodeState(name, cpu, memory, left, count, WHOLE * devices, (row["model"],))

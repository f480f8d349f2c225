"""Departures: a replay in which pods leave again, at a load that settles.

Time is counted in arrivals: one arrives at each of 0, 1, 2, … A pod of task m stays for a time that is exponential with

    mean_m = unit * (1 + growth * devices that m asks for)

a share counting as a part of a device. By Little's law those who are there at a time ask in the mean for

    unit * E[asked * (1 + growth * devices)]

which is to be the load: from it follows `unit`. The cluster begins with the pods that would be there, so that the load
is steady from the beginning (M/G/infinity: a Poisson number of them, each task in proportion to its mean stay; and what
remains of an exponential stay is exponential again).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from placement.scheduling.arrays import Floats
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.ranking import Policy
from placement.scheduling.replay import Arrival, Expectation, Step, replay
from placement.scheduling.tasks import WHOLE, Task


class Stay(NamedTuple):
    """An arrival and how long it stays where it is put, in arrivals."""

    arrival: Arrival
    time: float


@dataclass(frozen=True, slots=True)
class Stays:
    """How long pods stay in the mean, in arrivals: see the formula above."""

    unit: float
    growth: float

    def mean(self, task: Task) -> float:
        """Return the mean of a task."""
        return self.unit * (1 + self.growth * task.asked / WHOLE)


def stays_for(tasks: Sequence[Task], capacity: int, load: float, growth: float) -> Stays:
    """Return the stays with which such arrivals ask for so much of the capacity at a time; `load` is 1 for all of it.

    Raises ValueError where no task asks for an accelerator.
    """
    relative = Stays(1.0, growth)
    asked = sum(task.asked * relative.mean(task) for task in tasks) / max(len(tasks), 1)
    if not asked:
        raise ValueError("no task asks for an accelerator: there is no load to make")
    return Stays(load * capacity / asked, growth)


def arriving(arrivals: Sequence[Arrival], stays: Stays, draws: np.random.Generator) -> list[Stay]:
    """Return the arrivals with the time that each stays."""
    return _with_times(arrivals, _means(arrivals, stays), draws)


def present(arrivals: Sequence[Arrival], stays: Stays, draws: np.random.Generator) -> list[Stay]:
    """Return the pods that are there at the beginning, with the time that each still stays."""
    means = _means(arrivals, stays)
    count = int(draws.poisson(means.mean()))
    chosen = draws.choice(len(arrivals), count, p=means / means.sum())
    return _with_times([arrivals[index] for index in chosen], means[chosen], draws)


@dataclass
class Churn:
    """Pods that come and go on a fleet; who leaves at the same time as another arrives leaves first."""

    fleet: Fleet
    policy: Policy
    expectation: Expectation
    _leaving: list[tuple[float, int, Arrival, Taken]] = field(default_factory=list)
    _count: int = 0

    def arrive(self, stay: Stay, now: float) -> Step:
        """Let all leave whose time is over, then put the arrival where the policy says."""
        while self._leaving and self._leaving[0][0] <= now:
            _, _, (task, memory), taken = heappop(self._leaving)
            self.fleet.give_back(task, memory, taken)
            self.expectation.left(task)
        (step,) = replay([stay.arrival], self.fleet, self.policy, self.expectation)
        if step.taken:
            self._count += 1
            heappush(self._leaving, (now + stay.time, self._count, stay.arrival, step.taken))
        return step


def _means(arrivals: Sequence[Arrival], stays: Stays) -> Floats:
    return np.array([stays.mean(each.task) for each in arrivals], np.float64)


def _with_times(arrivals: Sequence[Arrival], means: Floats, draws: np.random.Generator) -> list[Stay]:
    times = draws.exponential(means)
    return [Stay(arrival, float(time)) for arrival, time in zip(arrivals, times, strict=True)]

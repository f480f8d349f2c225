"""A trace replayed: each arrival put where a policy says, timed, and counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from berth.simulate.progress import Progress
from placement.scheduling.departures import Churn, arriving, present, stays_for
from placement.scheduling.fleet import Fleet
from placement.scheduling.mix import Mix, typical
from placement.scheduling.ranking import Policy
from placement.scheduling.replay import Arrival, Expectation, Step, replay
from placement.scheduling.tasks import Task


class Departures(NamedTuple):
    """That pods leave again: the seed of chance, the load (1: all accelerators), how much size prolongs a stay."""

    seed: int
    load: float
    growth: float


class Timed(NamedTuple):
    """What became of an arrival, and how long the decision took."""

    step: Step
    seconds: float


@dataclass
class Typical:
    """The most popular part of what another expects, as FGD takes it."""

    whole: Expectation
    _known: tuple[Mix, Mix] | None = field(default=None, init=False)

    @property
    def mix(self) -> Mix:
        """The typical tasks; the same value as long as the whole mix is the same."""
        whole = self.whole.mix
        if self._known is None or self._known[0] is not whole:
            self._known = whole, typical(whole)
        return self._known[1]

    def see(self, task: Task) -> None:
        """Let the other learn from it."""
        self.whole.see(task)

    def placed(self, task: Task) -> None:
        """Let the other learn from it."""
        self.whole.placed(task)

    def left(self, task: Task) -> None:
        """Let the other learn from it."""
        self.whole.left(task)


@dataclass(frozen=True)
class Trial:
    """One trace, its fleet, and what decides; what is stranded is measured by the typical part of the expectation."""

    fleet: Fleet
    arrivals: Sequence[Arrival]
    policy: Policy
    expectation: Expectation
    typical: Typical
    departures: Departures | None = None

    def run(self) -> Iterator[Timed]:
        """Yield what became of each arrival, in order."""
        steps = self._churn(self.departures) if self.departures else self._replay()
        began = perf_counter()
        for step in steps:
            yield Timed(step, perf_counter() - began)
            began = perf_counter()

    def _replay(self) -> Iterator[Step]:
        return replay(self.arrivals, self.fleet, self.policy, self.expectation)

    def _churn(self, departures: Departures) -> Iterator[Step]:
        """Return the steps, once the pods of the beginning are there."""
        capacity = int(self.fleet.capacity.sum())
        tasks = [arrival.task for arrival in self.arrivals]
        stays = stays_for(tasks, capacity, departures.load, departures.growth)
        draws = np.random.default_rng(departures.seed)
        churn = Churn(self.fleet, self.policy, self.expectation)
        there = present(self.arrivals, stays, draws)
        for stay in Progress(len(there), "pods of the beginning").over(there):
            churn.arrive(stay, 0)
        coming = arriving(self.arrivals, stays, draws)
        return (churn.arrive(stay, now) for now, stay in enumerate(coming))

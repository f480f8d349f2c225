"""What is counted while a trace is replayed: what is allocated by load, what is stranded, who found no place."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from berth.simulate.running import Timed, Trial
from placement.scheduling.fragmentation import fragmentation
from placement.scheduling.replay import Want
from placement.scheduling.tasks import WHOLE

# What is stranded costs more to measure than a decision: this often in a replay at most, evenly over its arrivals.
_SAMPLES = 1000
_STEP, _ALSO = 10, 95


def is_listed(load: int) -> bool:
    """Tell whether a load, in percent, has a row in the table."""
    return load % _STEP == 0 or load == _ALSO


@dataclass
class Tally:
    """Sums in thousandths of an accelerator; per load in percent of the capacity, of rejected arrivals as well."""

    trial: Trial
    capacity: int = field(init=False)
    requested: int = 0
    placed: int = 0
    wants: Counter[Want] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    idle_after: list[int] = field(default_factory=list)
    allocation: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    stranding: defaultdict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.capacity = int(self.trial.fleet.capacity.sum())
        self._every = max(1, len(self.trial.arrivals) // _SAMPLES)

    def count(self, timed: Timed) -> None:
        """Count what became of an arrival."""
        step = timed.step
        self.requested += step.arrival.task.asked
        self.placed += step.taken is not None
        self.wants.update([step.want] if step.want else [])
        self.seconds.append(timed.seconds)
        self.idle_after.append(self.idle)
        load = round(100 * self.requested / self.capacity)
        self.allocation[load].append(1 - self.idle_after[-1] / self.capacity)
        if (self._every == 1 or self.trial.departures or is_listed(load)) and len(self.seconds) % self._every == 0:
            self.stranding[load].append((self.stranded, self.idle_after[-1]))

    @property
    def idle(self) -> int:
        """What is left of all devices."""
        return int(self.trial.fleet.idle.sum())

    @property
    def stranded(self) -> float:
        """What of it the typical tasks cannot use."""
        fleet = self.trial.fleet
        return float(fragmentation(fleet, self.trial.typical.mix, np.arange(len(fleet.names))).sum())

    @property
    def mean_stranded(self) -> float:
        """The mean over the samples."""
        return fmean(stranded for samples in self.stranding.values() for stranded, _ in samples)

    def at(self, load: int) -> tuple[float, float | None]:
        """Return the allocated part of the capacity at a load, and the stranded part of the idle; None where none is.

        Means over the arrivals that come to the load, or else what was after the last one before it.
        """
        if load in self.allocation:
            return fmean(self.allocation[load]), _mean(self.stranding[load])
        before = max(each for each in self.allocation if each < load)
        return self.allocation[before][-1], _mean(self.stranding[before][-1:])

    def milliseconds(self, percentile: float) -> float:
        """Return how long a decision took."""
        return 1000 * float(np.percentile(self.seconds, percentile))


def accelerators(thousandths: float) -> float:
    """Return thousandths of accelerators as accelerators."""
    return thousandths / WHOLE


def _mean(samples: Sequence[tuple[float, int]]) -> float | None:
    ratios = [stranded / idle for stranded, idle in samples if idle]
    return fmean(ratios) if ratios else None

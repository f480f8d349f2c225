"""Replays of an order by a policy: the trial as `berth simulate` makes it, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from bench.fragmentation.orders import Order
from berth.simulate.errand import default_policy, trial
from berth.simulate.running import Trial
from berth.simulate.tally import Tally, accelerators
from berth.simulate.traces import mix_in
from placement.scheduling.expectation import Learnt, Pinned, prior
from placement.scheduling.replay import Expectation

# For policies that draw; the others ignore it.
_SEED = 0

# Loads at which allocation is kept, in percent.
LOADS = range(60, 131)


class Job(NamedTuple):
    """An order that a policy replays."""

    order: Order
    policy: str

    def __str__(self) -> str:
        return f"{self.order}, {self.policy}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to: accelerators, allocation in percent by load, the mean time of a decision."""

    job: Job
    capacity: float
    unallocated: float
    not_placed: int
    allocated: Mapping[int, float]
    milliseconds: float


def replayed(job: Job) -> Outcome:
    """Replay an order; raises UnreadableTraceError."""
    tally = tallied(trial_of(job))
    return Outcome(
        job,
        accelerators(tally.capacity),
        accelerators(tally.idle),
        tally.wants.total(),
        {load: 100 * tally.at(load)[0] for load in LOADS},
        1000 * fmean(tally.seconds),
    )


def trial_of(job: Job) -> Trial:
    """Return the trial of an order by a policy: Berth learns the mix, the published ones know it beforehand."""
    is_ours = job.policy == default_policy()
    fleet = job.order.fleet(is_ranked=not is_ours)
    arrivals = job.order.arrivals(fleet)
    whole: Expectation = Learnt(prior(fleet.shapes)) if is_ours else Pinned(mix_in(job.order.pods, fleet))
    return trial(job.policy, _SEED, fleet, arrivals, whole)


def tallied(of: Trial) -> Tally:
    """Return what is counted while it runs."""
    tally = Tally(of)
    for timed in of.run():
        tally.count(timed)
    return tally

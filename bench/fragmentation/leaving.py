"""Pods that leave again: what is unallocated over time and who finds no place, all policies with the same pods."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import NamedTuple

from bench.fragmentation.orders import Order
from bench.fragmentation.processes import in_processes
from bench.fragmentation.replays import Job, tallied, trial_of
from berth.simulate.running import Departures
from berth.simulate.tally import accelerators

LASTS = "variants default and multigpu50, about 3 minutes for each published policy and 7 for ours"

_VARIANTS = ("default", "multigpu50")
_LOADS = (0.95, 1.0, 1.05, 1.1)
_SEEDS = (1, 2, 3)
# Each accelerator prolongs the mean stay by so many times that of a pod without any.
_GROWTH = 1.0


class Stream(NamedTuple):
    """The pods of an order, coming and going by chance, at a load; and the policy that places them."""

    job: Job
    load: float
    seed: int

    def __str__(self) -> str:
        return f"{self.job}, load {100 * self.load:g} %, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Left:
    """What a stream came to: mean over time of unallocated accelerators, and arrivals that found no place."""

    stream: Stream
    unallocated: float
    not_placed: int


def lines(orders: Sequence[Order], policies: Sequence[str], processes: int) -> Iterator[str]:
    """Yield the table of the first order of each variant."""
    first = {order.variant: order for order in reversed(orders) if order.variant in _VARIANTS}
    streams = [
        Stream(Job(first[variant], policy), load, seed)
        for variant in _VARIANTS
        if variant in first
        for load in _LOADS
        for seed in _SEEDS
        for policy in policies
    ]
    yield from table(in_processes(processes, run, streams), policies)


def run(stream: Stream) -> Left:
    """Let the pods of a stream come and go."""
    departures = Departures(stream.seed, stream.load, _GROWTH)
    tally = tallied(replace(trial_of(stream.job), departures=departures))
    return Left(stream, accelerators(fmean(tally.idle_after)), tally.wants.total())


def table(found: Sequence[Left], policies: Sequence[str]) -> Iterator[str]:
    """Yield a line for each order and load: means over the seeds."""
    yield f"Pods leave again: unallocated accelerators, mean over time / arrivals not placed; means of seeds {_SEEDS}"
    yield f"{'':18}{'load':>6}" + "".join(f"{each:>16}" for each in policies)
    for order in dict.fromkeys(each.stream.job.order for each in found):
        for load in _LOADS:
            cells = [_cell([each for each in found if _is_of(each, order, load, policy)]) for policy in policies]
            yield f"{order!s:18}{100 * load:6g}" + "".join(f"{each:>16}" for each in cells)


def _is_of(left: Left, order: Order, load: float, policy: str) -> bool:
    return left.stream.job == Job(order, policy) and left.stream.load == load


def _cell(of_seeds: Sequence[Left]) -> str:
    unallocated, not_placed = (
        fmean(getattr(each, name) for each in of_seeds) for name in ("unallocated", "not_placed")
    )
    return f"{unallocated:.1f} / {not_placed:.0f}"

"""Replicas of an owner kept apart: what that costs in accelerators, by the tolerance within which they spread.

The published pods have no owners. Pods that ask the same are taken to be replicas of one owner, from 1 to 10 of them
as a seed draws, and to arrive one after the other when the first of them does.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from bench.fragmentation.orders import Order
from bench.fragmentation.processes import in_processes
from bench.fragmentation.replays import Job, tallied, trial_of
from bench.fragmentation.tables import OURS
from berth.simulate.tally import accelerators
from placement.scheduling.arrays import Rows
from placement.scheduling.fleet import Fleet, Taken
from placement.scheduling.mix import Mix
from placement.scheduling.ranking import Policy, Ranking
from placement.scheduling.replay import Arrival
from placement.scheduling.tasks import Task

LASTS = "first order of each variant, about 3 minutes"

# In thousandths of an accelerator; 0: replicas do not spread.
TOLERANCES = (0, 24, 100, 250)
_MOST_REPLICAS = 10
_SEED = 1


@dataclass
class Spreading(Policy):
    """Another policy, with replicas of an owner apart as the extender keeps them; `owners` has that of each arrival."""

    policy: Policy
    owners: Iterator[int]
    tolerance: float
    nodes: dict[int, Counter[int]] = field(default_factory=dict)
    _owner: int = 0

    def rank(self, task: Task, fleet: Fleet, rows: Rows, mix: Mix) -> Ranking:
        """Return the other's ranking, the nodes with fewest replicas first where its cost is within the tolerance."""
        self._owner = next(self.owners)
        ranking = self.policy.rank(task, fleet, rows, mix)
        replicas = self.nodes.get(self._owner)
        if not self.tolerance or not replicas:
            return ranking
        there = np.zeros(len(fleet.names), np.int64)
        there[list(replicas)] = list(replicas.values())
        return ranking.within({"replicas": there}, self.tolerance)

    def placed(self, task: Task, taken: Taken) -> None:
        """Count the replica on its node."""
        self.policy.placed(task, taken)
        self.nodes.setdefault(self._owner, Counter())[taken.row] += 1

    def settle(self, fleet: Fleet, mix: Mix) -> None:
        """Let the other do what follows."""
        self.policy.settle(fleet, mix)


class Spread(NamedTuple):
    """An order that ours replays with replicas apart within a tolerance."""

    order: Order
    tolerance: int

    def __str__(self) -> str:
        return f"{self.order}, tolerance {self.tolerance}"


@dataclass(frozen=True, slots=True)
class Apart:
    """What came of it: unallocated accelerators, and the replicas of an owner on a node that has some, in the mean."""

    unallocated: float
    together: float


def lines(orders: Sequence[Order], processes: int) -> Iterator[str]:
    """Yield a line for the first order of each variant."""
    first = {order.variant: order for order in reversed(orders)}
    chosen = [order for order in orders if first[order.variant] == order]
    spreads = [Spread(order, tolerance) for order in chosen for tolerance in TOLERANCES]
    found = dict(zip(spreads, in_processes(processes, run, spreads), strict=True))
    yield "Replicas apart: unallocated accelerators / replicas of an owner on a node, by the tolerance in thousandths"
    yield f"{'':18}" + "".join(f"{each or 'off':>16}" for each in TOLERANCES)
    for order in chosen:
        cells = (found[Spread(order, tolerance)] for tolerance in TOLERANCES)
        yield f"{order!s:18}" + "".join(f"{f'{each.unallocated:.1f} / {each.together:.2f}':>16}" for each in cells)


def run(spread: Spread) -> Apart:
    """Replay an order with replicas apart."""
    trial = trial_of(Job(spread.order, OURS))
    owners = owners_of(trial.arrivals, np.random.default_rng(_SEED))
    policy = Spreading(trial.policy, iter(sorted(owners)), spread.tolerance)
    arrivals = [trial.arrivals[index] for index in np.argsort(owners, kind="stable")]
    tally = tallied(replace(trial, arrivals=arrivals, policy=policy))
    several = [nodes for nodes in policy.nodes.values() if nodes.total() > 1]
    together = sum(nodes.total() for nodes in several) / max(sum(map(len, several)), 1)
    return Apart(accelerators(tally.idle), together)


def owners_of(arrivals: Sequence[Arrival], draws: np.random.Generator) -> list[int]:
    """Return the number of the owner of each arrival; owners are numbered as the first of their replicas arrive."""
    owners, left = dict[Task, int](), Counter[Task]()
    found, count = list[int](), 0
    for task, _ in arrivals:
        if not left[task]:
            left[task] = int(draws.integers(1, _MOST_REPLICAS + 1))
            owners[task] = count = count + 1
        left[task] -= 1
        found.append(owners[task])
    return found

"""Orders in which the pods of a trace arrive: the published ones in a folder, and further ones that a seed draws."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from berth.simulate.tables import UnreadableTraceError
from berth.simulate.traces import arrivals_in, fleet_in, tasks_in
from placement.scheduling.fleet import Fleet
from placement.scheduling.replay import Arrival

_ARRIVALS = re.compile(r"arrivals_([a-z0-9]+)_(\d+)\.csv\.gz")

# As published: pods are drawn again, with replacement, until they ask for so much of the capacity.
INFLATED_TO = 1.3


class MissingTracesError(ValueError):
    """A folder has no traces."""


@dataclass(frozen=True, slots=True)
class Order:
    """Pods of a variant as they arrive, on the nodes of a published seed; `drawn` is a seed of our own, or None."""

    folder: Path
    variant: str
    seed: int
    drawn: int | None = None

    def __str__(self) -> str:
        return f"{self.variant} {self.seed}" if self.drawn is None else f"{self.variant} drawn {self.drawn}"

    @property
    def pods(self) -> Path:
        """The file of the pods of the variant."""
        return self.folder / f"pods_{self.variant}.csv.gz"

    def fleet(self, *, is_ranked: bool) -> Fleet:
        """Return the empty nodes; raises UnreadableTraceError."""
        return fleet_in(self.folder / f"nodes_{self.variant}_{self.seed}.csv.gz", is_ranked=is_ranked)

    def arrivals(self, fleet: Fleet) -> list[Arrival]:
        """Return the pods as they arrive; raises UnreadableTraceError."""
        published = [each.arrival for each in arrivals_in(self._arrivals, fleet)]
        if self.drawn is None:
            return published
        return inflated(self._pods(fleet, published), int(fleet.capacity.sum()), np.random.default_rng(self.drawn))

    @property
    def _arrivals(self) -> Path:
        return self.folder / f"arrivals_{self.variant}_{self.seed}.csv.gz"

    def _pods(self, fleet: Fleet, published: Sequence[Arrival]) -> list[Arrival]:
        """Return the pods of the variant; some published files leave out the memory, which arrivals alike have."""
        try:
            return [each.arrival for each in arrivals_in(self.pods, fleet)]
        except UnreadableTraceError:
            memory = dict(published)
            return [Arrival(task, memory.get(task, 0)) for task in tasks_in(self.pods, fleet)]


def inflated(pods: Sequence[Arrival], capacity: int, draws: np.random.Generator) -> list[Arrival]:
    """Return the pods in a drawn order, then some drawn again until all ask for enough of the capacity."""
    if not any(each.task.asked for each in pods):
        raise UnreadableTraceError("no pod asks for an accelerator: there is no load to make")
    arrivals, asked = list[Arrival](), 0
    for index in _endless(len(pods), draws):
        arrivals.append(pods[index])
        asked += pods[index].task.asked
        if asked >= INFLATED_TO * capacity:
            break
    return arrivals


def published_in(folder: Path, variants: Sequence[str] = ()) -> list[Order]:
    """Return the published orders of a folder, of some variants or of all; raises MissingTracesError."""
    names = sorted(each.name for each in folder.glob("arrivals_*.csv.gz"))
    found = [Order(folder, match[1], int(match[2])) for name in names if (match := _ARRIVALS.fullmatch(name))]
    chosen = [order for order in found if not variants or order.variant in variants]
    if not chosen:
        wanted = f"arrivals_{'<variant>' if not variants else '|'.join(variants)}_<seed>.csv.gz"
        raise MissingTracesError(f"{folder}: has no {wanted}: --traces names the folder with the published traces")
    return sorted(chosen, key=lambda order: (order.variant != "default", order.variant, order.seed))


def drawn_of(published: Sequence[Order], seeds: Sequence[int]) -> Iterator[Order]:
    """Yield so many further orders of each variant, on the nodes of its first published seed."""
    first = {order.variant: order.seed for order in reversed(published)}
    for variant in dict.fromkeys(order.variant for order in published):
        yield from (Order(published[0].folder, variant, first[variant], seed) for seed in seeds)


def _endless(count: int, draws: np.random.Generator) -> Iterator[int]:
    """Yield all numbers below the count in a drawn order, and then drawn ones for ever."""
    yield from map(int, draws.permutation(count))
    while True:
        yield int(draws.integers(count))

"""What stands idle, what of it is stranded, and what still fits: the nodes of a resource, all of them or of a class.

*Unallocated* is capacity minus what pods hold, in flight or bound; *stranded* is idle capacity that the expected mix
cannot use (F of FGD). Amounts are in devices.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from placement.inventory import NodeInventory
from placement.scheduling.arrays import Flags, Floats, Ints, Rows
from placement.scheduling.fragmentation import fragmentation
from placement.scheduling.mix import Mix
from placement.scheduling.pools import Pool, bounded
from placement.scheduling.tasks import WHOLE
from placement.shares import PER_DEVICE, SHARES, left_by_device


@dataclass(frozen=True)
class Summary:
    """The nodes that offer a resource, of one class, or all of them where `class_name` is empty.

    `closed` is idle capacity of nodes that are cordoned or not ready, which is not stranded; `largest` the size of the
    largest pod that still fits on one node, `largest_share` what is left of the device with most; `by_idle` counts the
    open nodes by how many whole devices are idle there, `overfilled` those of which more is held than they have.
    """

    resource: str
    class_name: str
    nodes: int
    capacity: float
    unallocated: float
    stranded: float
    closed: float
    largest: int
    largest_share: float
    by_idle: Mapping[int, int]
    overfilled: int

    @property
    def allocated(self) -> float:
        """What pods hold, at most what is there."""
        return self.capacity - self.unallocated


def summaries(pool: Pool, mix: Mix) -> Iterator[Summary]:
    """Yield what there is to say of all nodes of a pool, and of each class; a node of two classes counts for both."""
    return Summaries().of(pool, mix)


@dataclass
class Summaries:
    """Summaries of pools, for which each node is looked at again only when it has changed."""

    _figures: dict[str, "_Figures"] = field(default_factory=dict)

    def of(self, pool: Pool, mix: Mix) -> Iterator[Summary]:
        """Yield the summaries of a pool."""
        fleet, figures = pool.fleet, self._of(pool)
        figures.catch_up(mix, None)
        yield figures.summary(np.arange(len(fleet.names)), "")
        for name in sorted({name for kind in np.unique(fleet.kind) for name in fleet.kinds[kind]}):
            carries = np.array([name in kind for kind in fleet.kinds], np.bool_)[fleet.kind]
            yield figures.summary(np.flatnonzero(carries), name)

    def steps(self, pool: Pool, mix: Mix, nodes: int) -> Iterator[None]:
        """Look at the nodes that have changed, so many in each step."""
        figures = self._of(pool)
        while not figures.catch_up(mix, nodes):
            yield

    def _of(self, pool: Pool) -> "_Figures":
        figures = self._figures.get(pool.resource)
        if figures is None or figures.pool is not pool:
            figures = self._figures[pool.resource] = _Figures(pool)
        return figures


@dataclass(eq=False)
class _Figures:
    """What summaries need of each node of a pool, and the stamp that it had when that was computed."""

    pool: Pool
    mix: Mix | None = None
    unallocated: Ints = field(init=False)
    is_overfilled: Flags = field(init=False)
    is_open: Flags = field(init=False)
    stranded: Floats = field(init=False)
    looked_at: Ints = field(init=False)
    weighed_at: Ints = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.pool.nodes)
        self.unallocated, self.stranded = np.zeros(size, np.int64), np.zeros(size)
        self.is_overfilled, self.is_open = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        self.looked_at, self.weighed_at = (np.full(size, -1, np.int64) for _ in range(2))

    def catch_up(self, mix: Mix, limit: int | None) -> bool:
        """Compute anew what has changed, of at most so many nodes; tell whether those were all."""
        if mix is not self.mix:
            self.mix = mix
            self.weighed_at[:] = -1
        stamp = self.pool.fleet.stamp
        stale = np.flatnonzero((self.looked_at < stamp) | (self.weighed_at < stamp))
        rows = stale[:limit]
        for row in rows[self.looked_at[rows] < stamp[rows]].tolist():
            self._look(row)
        self.stranded[rows] = fragmentation(self.pool.fleet, mix, rows)
        self.looked_at[rows] = self.weighed_at[rows] = stamp[rows]
        return len(rows) == len(stale)

    def _look(self, row: int) -> None:
        node, resource = self.pool.nodes[row], self.pool.resource
        self.is_open[row] = node.is_schedulable and node.is_ready
        left = _left(node, resource)
        self.unallocated[row] = sum(max(each, 0) for each in left)
        self.is_overfilled[row] = _is_overfilled(node, resource)

    def summary(self, rows: Rows, class_name: str) -> Summary:
        """Return what there is to say of some nodes."""
        fleet = self.pool.fleet
        left, count = fleet.left[rows], fleet.count[rows]
        whole = (count * (left >= WHOLE)).sum(1)
        unallocated = int(self.unallocated[rows].sum())
        return Summary(
            self.pool.resource,
            class_name,
            len(rows),
            int(fleet.capacity[rows].sum()) / WHOLE,
            unallocated / WHOLE,
            float(self.stranded[rows].sum()) / WHOLE,
            (unallocated - int((left * count).sum())) / WHOLE,
            int(whole.max(initial=0)),
            int((left * (count > 0)).max(initial=0)) / WHOLE,
            dict(sorted(Counter(whole[self.is_open[rows]].tolist()).items(), reverse=True)),
            int(self.is_overfilled[rows].sum()),
        )


def _is_overfilled(node: NodeInventory, resource: str) -> bool:
    """Tell whether bound pods hold more than there is, of shares more of a device."""
    if resource != SHARES:
        return node.free(resource) < 0
    return any(amount > PER_DEVICE for name, amount in node.held.items() if name.startswith(f"{SHARES}/"))


def _left(node: NodeInventory, resource: str) -> tuple[int, ...]:
    """Return what is left of a node's devices, in thousandths: of each that is shared, else of all together."""
    if resource == SHARES:
        return left_by_device(node)
    return (WHOLE * max(bounded(node.expected_free(resource)), 0),)

"""What stands idle, what of it is stranded, and what still fits: the nodes of a resource, all of them or of a class.

*Unallocated* is capacity minus what pods hold, in flight or bound; *stranded* is idle capacity that the expected mix
cannot use (F of FGD). Amounts are in devices.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from placement.inventory import NodeInventory
from placement.scheduling.arrays import Rows
from placement.scheduling.fragmentation import fragmentation
from placement.scheduling.mix import Mix
from placement.scheduling.pools import Pool, bounded
from placement.scheduling.tasks import WHOLE
from placement.shares import SHARES, left_by_device


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
    fleet = pool.fleet
    yield summary(pool, mix, np.arange(len(fleet.names)), "")
    for name in sorted({name for kind in np.unique(fleet.kind) for name in fleet.kinds[kind]}):
        carries = np.array([name in kind for kind in fleet.kinds], np.bool_)[fleet.kind]
        yield summary(pool, mix, np.flatnonzero(carries), name)


def summary(pool: Pool, mix: Mix, rows: Rows, class_name: str) -> Summary:
    """Return what there is to say of some nodes of a pool."""
    fleet, nodes = pool.fleet, [pool.nodes[row] for row in rows]
    left, count = fleet.left[rows], fleet.count[rows]
    whole = (count * (left >= WHOLE)).sum(1)
    is_open = np.array([node.is_schedulable and node.is_ready for node in nodes], np.bool_)
    idle = int(fleet.idle[rows].sum())
    unallocated = sum(_unallocated(node, pool.resource) for node in nodes)
    return Summary(
        pool.resource,
        class_name,
        len(nodes),
        int(fleet.capacity[rows].sum()) / WHOLE,
        unallocated / WHOLE,
        float(fragmentation(fleet, mix, rows).sum()) / WHOLE,
        (unallocated - idle) / WHOLE,
        int(whole.max(initial=0)),
        int((left * (count > 0)).max(initial=0)) / WHOLE,
        dict(sorted(Counter(whole[is_open].tolist()).items(), reverse=True)),
        sum(_is_overfilled(node, pool.resource) for node in nodes),
    )


def _unallocated(node: NodeInventory, resource: str) -> int:
    if resource == SHARES:
        return sum(max(left, 0) for left in left_by_device(node))
    return WHOLE * max(bounded(node.expected_free(resource)), 0)


def _is_overfilled(node: NodeInventory, resource: str) -> bool:
    if resource == SHARES:
        return any(left < 0 for left in left_by_device(node))
    return node.free(resource) < 0

"""What is kept of Kueue's objects."""

from collections.abc import Callable, Mapping
from typing import Any

from cluster.custom_objects import strictly
from cluster.kinds import Kind
from cluster.kueue_shapes import cluster_queue, flavor, local_queue
from cluster.stores import CustomStore
from placement.queueing.queues import Queueing

_PARSERS: Mapping[Kind, tuple[str, Callable[[bytes], Any]]] = {
    Kind.FLAVORS: ("ResourceFlavor", flavor),
    Kind.CLUSTER_QUEUES: ("ClusterQueue", cluster_queue),
    Kind.LOCAL_QUEUES: ("LocalQueue", local_queue),
}


class QueueingStores:
    """One store for each kind, and the values of all together."""

    def __init__(self) -> None:
        self.by_kind: Mapping[Kind, CustomStore[Any]] = {
            kind: CustomStore(strictly(parse), self._forget) for kind, (_, parse) in _PARSERS.items()
        }
        self._queueing: Queueing | None = None

    @property
    def queueing(self) -> Queueing:
        """What is known of Kueue; the same value until something changes."""
        if self._queueing is None:
            flavors, queues, local = (dict(self.by_kind[kind].values) for kind in _PARSERS)
            by_place = {(each.namespace, each.name): each for each in local.values()}
            self._queueing = Queueing(flavors, queues, by_place)
        return self._queueing

    @property
    def problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with objects, in sentences; `ResourceFlavor a100` is such a key."""
        return {
            f"{title} {key}": problems
            for kind, (title, _) in _PARSERS.items()
            for key, problems in self.by_kind[kind].problems.items()
        }

    def _forget(self) -> None:
        self._queueing = None

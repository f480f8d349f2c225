"""What the extender knows, for people and their tools: the inventory by resource and class, and the expected mix."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from extender.arrivals import Arrivals
from extender.mixes import mix_json
from extender.ports import Knowledge
from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.pools import pool_of
from placement.scheduling.summary import Summary, summaries


@dataclass(frozen=True)
class Pages:
    """Answers from what is known at the moment."""

    knowledge: Knowledge
    arrivals: Arrivals

    def mix(self) -> dict[str, Any]:
        """Return the expected mix of each resource."""
        return mix_json(self.expected(), is_pinned=self.arrivals.chooser.expectations.is_pinned)

    def expected(self) -> Mapping[str, Learnt | Pinned]:
        """Return what is expected of each resource that some node offers, and of those that a file tells of."""
        chooser = self.arrivals.chooser
        chooser.pools.follow(self.knowledge.inventory)
        for resource in self._resources:
            chooser.expectation(chooser.pools.of(resource))
        expectations = chooser.expectations
        named = sorted({*expectations.known, *expectations.by_resource})
        # Of a pool without nodes nothing is kept, so what a file tells of amiss is shown and not taken up.
        return {resource: expectations.of(pool_of(resource, ())) for resource in named}

    @property
    def _resources(self) -> tuple[str, ...]:
        """What some node offers; nothing before all are known, because the first nodes would tell what to expect."""
        return self.arrivals.chooser.pools.resources if self.knowledge.is_synced else ()

    def inventory(self) -> dict[str, Any]:
        """Return what is idle and stranded, and what still fits, of each accelerator resource and each class."""
        resources: dict[str, dict[str, Any]] = {}
        for each in self.summaries():
            found = resources.setdefault(each.resource, {"classes": {}})
            if each.class_name:
                found["classes"][each.class_name] = summary_json(each)
            else:
                found |= summary_json(each)
        return {"resources": resources}

    def summaries(self) -> Iterator[Summary]:
        """Yield what there is to say of each resource and each class, pods in flight counted."""
        chooser = self.arrivals.chooser
        chooser.pools.follow(self.knowledge.inventory)
        for resource in self._resources:
            pool = chooser.pools.of(resource)
            yield from summaries(pool, chooser.expectation(pool).mix)


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return a summary; amounts are in devices."""
    return {
        "nodes": summary.nodes,
        "capacity": summary.capacity,
        "allocated": round(summary.allocated, 3),
        "unallocated": round(summary.unallocated, 3),
        "stranded": round(summary.stranded, 3),
        "closed": round(summary.closed, 3),
        "largestPod": summary.largest,
        "largestShare": summary.largest_share,
        "nodesByIdleDevices": {str(devices): nodes for devices, nodes in summary.by_idle.items()},
        "overfilledNodes": summary.overfilled,
    }

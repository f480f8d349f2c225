"""What the extender knows, for people and their tools: nodes, the inventory by resource and class, the expected mix."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any

import msgspec

from extender.arrivals import Arrivals
from extender.mixes import mix_json
from extender.ports import Knowledge
from extender.sickness import Sickness
from placement.inventory import NodeInventory
from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.mix import Mix
from placement.scheduling.pools import Pool, accelerators_of, pool_of
from placement.scheduling.summary import Summaries, Summary
from placement.shares import SHARES, left_by_device

# Metrics tell what was so at most this long ago, because kube-scheduler waits while everything is looked at.
REFRESH_SECONDS = 5.0

# So many nodes are looked at before others run: some milliseconds.
AT_ONCE = 100
MOST_NODES = 1_000


class InventoryQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"class_name": "class", "after": "continue"}
):
    """Which nodes are asked for, by name, by a resource that they offer, by class: so many, after a name (continue)."""

    node: str = ""
    resource: str = ""
    class_name: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_NODES)] = 100
    after: str = ""

    def names(self, node: NodeInventory) -> tuple[str, ...]:
        """Return the resources that are told of a node; none where it is not asked for."""
        if self.class_name and self.class_name not in node.classes:
            return ()
        if self.resource:
            return (self.resource,) if self.resource in node.allocatable else ()
        return accelerators_of(node)

    def admits(self, summary: Summary) -> bool:
        """Tell whether a summary is asked for."""
        is_named = not self.class_name or summary.class_name in ("", self.class_name)
        return is_named and self.resource in ("", summary.resource)


EVERYTHING = InventoryQuery()


@dataclass
class Pages:
    """Answers from what is known at the moment."""

    knowledge: Knowledge
    arrivals: Arrivals
    sickness: Sickness = field(default_factory=lambda: Sickness(monotonic))
    _summaries: Summaries = field(default_factory=Summaries)
    _latest: tuple[Summary, ...] | None = None

    def mix(self) -> dict[str, Any]:
        """Return the expected mix of each resource."""
        return mix_json(self.expected(), is_pinned=self.arrivals.chooser.expectations.is_pinned)

    def expected(self) -> Mapping[str, Learnt | Pinned]:
        """Return what is expected of each resource that some node offers, and of those that a file tells of."""
        self._pools()
        expectations = self.arrivals.chooser.expectations
        named = sorted({*expectations.known, *expectations.by_resource})
        # Of a pool without nodes nothing is kept, so what a file tells of amiss is shown and not taken up.
        return {resource: expectations.of(pool_of(resource, ())) for resource in named}

    def _pools(self) -> list[tuple[Pool, Mix]]:
        """Return the pools of what some node offers, and what is expected of each.

        Nothing before all nodes are known, because the first ones would tell what to expect.
        """
        chooser = self.arrivals.chooser
        chooser.follow(self.knowledge.inventory)
        resources = chooser.pools.resources if self.knowledge.is_synced else ()
        return [(pool, chooser.expectation(pool).mix) for pool in map(chooser.pools.of, resources)]

    async def run(self) -> None:
        """Keep the summaries young, for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> tuple[Summary, ...]:
        """Return what there is to say of each resource and each class; others run while it is found out."""
        found: list[Summary] = []
        for pool, mix in self._pools():
            for _ in self._summaries.steps(pool, mix, AT_ONCE):
                await asyncio.sleep(0)
            found += self._summaries.of(pool, mix)
        self._latest = tuple(found)
        return self._latest

    def summaries(self) -> Iterable[Summary]:
        """Return the summaries as they were found last, or find them out."""
        if self._latest is not None:
            return self._latest
        return [each for pool, mix in self._pools() for each in self._summaries.of(pool, mix)]

    async def inventory(self, query: InventoryQuery = EVERYTHING) -> dict[str, Any]:
        """Return a page of nodes in the order of their names, and what is idle and stranded of each resource and class.

        Pods in flight are counted. `continue` is there where more nodes follow.
        """
        resources: dict[str, dict[str, Any]] = {}
        for each in filter(query.admits, await self.refresh()):
            found = resources.setdefault(each.resource, {"classes": {}})
            if each.class_name:
                found["classes"][each.class_name] = summary_json(each)
            else:
                found |= summary_json(each)
        nodes = await self._nodes(query)
        more = {"continue": nodes[query.limit - 1]["name"]} if len(nodes) > query.limit else {}
        return {"resources": resources, "nodes": nodes[: query.limit], **more}

    async def _nodes(self, query: InventoryQuery) -> list[dict[str, Any]]:
        """Return the nodes that are asked for, and one more where more follow."""
        nodes = self.knowledge.inventory.nodes
        names = sorted(nodes.keys() & {query.node} if query.node else nodes)
        found: list[dict[str, Any]] = []
        for count, name in enumerate(names[bisect_right(names, query.after) :]):
            if told := query.names(nodes[name]):
                found.append(node_json(nodes[name], told) | self._sick(name))
            if len(found) > query.limit:
                break
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _sick(self, name: str) -> dict[str, Any]:
        """Return for how long a node is sick yet, and how many pods failed there in what way, where it is."""
        spell = self.sickness.spells().get(name) if name in self.sickness.nodes() else None
        return {"sick": {"seconds": self.sickness.seconds_left(spell), "failures": spell.by_kind}} if spell else {}


def node_json(node: NodeInventory, resources: Iterable[str]) -> dict[str, Any]:
    """Return what a node is, and of each resource what it has, what bound pods and pods in flight hold, and the rest.

    Amounts are in units of the resource: cpu in milli, memory in bytes.
    """
    return {
        "name": node.name,
        "classes": node.classes,
        "isReady": node.is_ready,
        "isSchedulable": node.is_schedulable,
        "resources": {name: _amounts(node, name) for name in resources},
    }


def _amounts(node: NodeInventory, resource: str) -> dict[str, Any]:
    devices = {"freeByDevice": left_by_device(node)} if resource == SHARES else {}
    return {
        "capacity": node.allocatable.get(resource, 0),
        "held": node.held.get(resource, 0),
        "inFlight": node.assumed.get(resource, 0),
        "free": node.expected_free(resource),
        **devices,
    }


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

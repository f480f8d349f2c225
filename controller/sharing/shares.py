"""Nodes that offer their devices in shares: what a node's label wishes, as capacity that kube-scheduler counts.

kubelet keeps extended resources in status.capacity that no device plugin of its own advertises; it sets them to zero
when it starts on a node that it does not know, and then they are written again.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError, PatchKind
from cluster.reflector import Reflector, Resource
from cluster.writers import Event, EventType, Subject
from controller.parts import Context, Part
from controller.reconciling.events import Events
from controller.sharing.offers import Offer, decode_offer, holders, wanted
from placement.keys import SHARED
from placement.shares import SHARES

PATH = "/api/v1/nodes"
NODES: Resource[Offer] = Resource(PATH, decode_offer, lambda each: each.name)

REFUSED = "SharesRefused"
ACTION = "OfferingShares"


class _Pods(msgspec.Struct):
    items: list[msgspec.Raw]


@dataclass
class SharedNodes:
    """A reflector's sink of nodes, which keeps what they offer in shares; `changed` is told which to look at."""

    api: Api
    events: Events
    changed: Callable[[str], None] = field(default=lambda _name: None)
    _seen: dict[str, Offer] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that are known."""
        return tuple(self._seen)

    def apply(self, seen: Offer) -> None:
        """Take in a node."""
        if self._seen.get(seen.name) != seen:
            self._seen[seen.name] = seen
            self.changed(seen.name)

    def remove(self, seen: Offer) -> None:
        """Drop a node that was deleted."""
        self._seen.pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all nodes but these."""
        self._seen = {name: each for name, each in self._seen.items() if name in keys}

    async def settle(self, name: str) -> list[str]:
        """Write what a node offers where that is not what it should, or tell why not. Raises ApiError."""
        node = self._seen.get(name)
        change = await self._settled(node) if node else None
        return [change] if change else []

    async def _settled(self, node: Offer) -> str | None:
        milli, problem = wanted(node)
        if not problem and node.offers(milli):
            return None
        problem = problem or await self._obstacle(node, milli)
        return await self._refused(node, problem) if problem else await self._written(node, milli)

    async def _obstacle(self, node: Offer, milli: int) -> str:
        """Return which pods would lose their devices, or share them with others; empty where none would."""
        if milli == node.most:
            return ""
        grows = milli > node.most
        query = {"fieldSelector": f"spec.nodeName={node.name},status.phase!=Succeeded,status.phase!=Failed"}
        pods = msgspec.json.decode(await self.api.get("/api/v1/pods", query), type=_Pods).items
        standing = holders(pods, whole=grows)
        if not standing:
            return ""
        what = "whole devices" if grows else "shares"
        return f"pods hold {what} there: {', '.join(standing)}; the node offers what it did until they are gone"

    async def _written(self, node: Offer, milli: int) -> str | None:
        amounts = {SHARES: str(milli) if milli else None}
        patch: dict[str, Any] = {"status": {"capacity": amounts, "allocatable": amounts}}
        try:
            written = await self.api.patch(f"{PATH}/{node.name}/status", patch, PatchKind.MERGE)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        self._seen[node.name] = decode_offer(msgspec.Raw(written))
        return f"node {node.name} offers {milli} {SHARES}"

    async def _refused(self, node: Offer, problem: str) -> str | None:
        event = Event(EventType.WARNING, REFUSED, ACTION, f"label {SHARED}: {problem}")
        is_new = await self.events.tell(Subject("Node", "", node.name, node.uid), event)
        return f"node {node.name}: {problem}" if is_new else None


def shares(context: Context) -> Part:
    """Keep what nodes offer in shares true to what their labels wish."""
    nodes = SharedNodes(context.api, context.events)
    queue = context.queue("shares", nodes.settle, lambda: nodes.names)
    nodes.changed = queue.add
    watch = Reflector(context.api, NODES, nodes, context.surroundings.watch_observer)
    return Part(
        (queue,),
        {"watch of shared nodes": watch.run},
        readiness=lambda: [] if watch.synced.is_set() else ["nodes: not listed yet"],
    )

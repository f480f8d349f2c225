"""Second binders: nodes of which bound pods hold what cannot be are counted, and an Event names who is there.

The account closes such a node by itself (placement.shares, placement.scheduling.fit), and opens it again when the
numbers are right. The API server checks no capacity when a pod is bound, so nobody can prevent it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cachetools import TTLCache

from cluster.api import Api
from cluster.occupants import node_uid, pods_on
from cluster.writers import Event, EventType, Reporter, publish_node_event
from extender.outbox import Outbox, Sent, Write
from extender.ports import Knowledge
from placement.inventory import Inventory, NodeInventory
from placement.pods import Pod
from placement.shares import SHARES, UNKNOWN_DEVICE
from placement.trespass import trespassed

# A list that is read page by page shows for a moment both who left a node and who came; what lasts for two looks is so.
LOOK_SECONDS = 3.0

# So many pods are named of each scheduler.
NAMED = 5

# The note has names and counts: of a node where they never rest, one event is told in so many seconds.
REPEAT_SECONDS = 300.0
MAX_TOLD = 10_000

REASON = "DevicesPromisedTwice"
ACTION = "Scheduling"


@dataclass
class Trespasses:
    """Looks at nodes that have changed, and tells of each that is held by too many: once, until it is right again.

    A node gets one Event at most in five minutes.
    """

    api: Api
    knowledge: Knowledge
    outbox: Outbox
    reporter: Reporter
    clock: Callable[[], datetime]
    count: Callable[[Sent], None]
    publishes: bool = True
    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    told: TTLCache[str, None] = field(default_factory=lambda: TTLCache(MAX_TOLD, REPEAT_SECONDS))
    _suspects: set[str] = field(default_factory=set)
    _seen: Inventory = field(default_factory=Inventory)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look at what has changed since last time, and tell of what was so then already."""
        before, self._seen = self._seen, self.knowledge.inventory
        lasting = self._suspects.copy()
        for name in self._seen.names_changed_since(before):
            self._judge(name, self._seen.nodes.get(name))
        for name in lasting & self._suspects - self.told.keys():
            self._suspects.discard(name)
            self.told[name] = None
            if self.publishes:
                self._tell(self._seen.nodes[name])

    def _judge(self, name: str, node: NodeInventory | None) -> None:
        found = trespassed(node) if node else ()
        if not found:
            self.nodes.pop(name, None)
            self._suspects.discard(name)
        elif self.nodes.get(name) != found:
            self.nodes[name] = found
            self._suspects.add(name)

    def _tell(self, node: NodeInventory) -> None:
        now, resources = self.clock(), self.nodes[node.name]

        async def publish() -> None:
            pods = await pods_on(self.api, node.name)
            event = event_of(node, resources, pods)
            about = (node.name, await node_uid(self.api, node.name))
            await publish_node_event(self.api, about, event, self.reporter, now)

        self.outbox.post(Write(f"event about node {node.name}", publish, self.count))


def event_of(node: NodeInventory, resources: Iterable[str], pods: Iterable[Pod]) -> Event:
    """Return what a person is told of a node that is held by too many: the pods there, by who schedules them."""
    held = [_held(node, resource) for resource in resources]
    holders = [pod for pod in pods if any(pod.requests.get(resource, 0) > 0 for resource in resources)]
    names: dict[str, list[str]] = {}
    for pod in sorted(holders, key=lambda each: (each.namespace, each.name)):
        names.setdefault(pod.scheduler_name or "no scheduler", []).append(f"{pod.namespace}/{pod.name}")
    note = (
        f"{' and '.join(held)}; the node counts as full until that is right. Either somebody else binds pods here, or "
        f"devices were lost. The pods, by scheduler: {_listed(names)}"
    )
    return Event(EventType.WARNING, REASON, ACTION, note)


def _held(node: NodeInventory, resource: str) -> str:
    offered = node.allocatable.get(resource, 0)
    if resource != SHARES:
        return f"pods hold {node.held.get(resource, 0)} {resource} of {offered}"
    if UNKNOWN_DEVICE in node.held:
        return f"pods have {resource} and do not say of which devices"
    return f"pods hold more {resource} of a device than there is, or devices that are given away as a whole too"


def _listed(names: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{scheduler}: {_few(pods)}" for scheduler, pods in sorted(names.items()))


def _few(pods: list[str]) -> str:
    more = f" and {len(pods) - NAMED} more" if len(pods) > NAMED else ""
    return ", ".join(pods[:NAMED]) + more

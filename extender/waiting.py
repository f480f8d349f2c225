"""Pods for which the extender found no node among those that kube-scheduler had found feasible.

kube-scheduler's own check is exact, so there it was the account that lagged behind a deletion or a new device. The pod
would wait up to five minutes for a change that the scheduler has seen already; so a node that will do is touched.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cachetools import LRUCache

from cluster.api import Api
from cluster.writers import touch_node
from extender.desk import Decided
from extender.inbox import Inbox
from extender.outbox import Outbox, Sent, Write
from extender.ports import Knowledge
from placement.inventory import NodeInventory
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection

MAX_PODS = 1_000


@dataclass(frozen=True)
class WaitingPods:
    """What the pods ask that were refused every node, until they are asked about again or a node will do."""

    asked: LRUCache[str, Requirements] = field(default_factory=lambda: LRUCache(MAX_PODS))

    def __call__(self, decided: Decided, _at: datetime) -> None:
        """Be told of a decision."""
        self.asked.pop(decided.pod.uid, None)
        if decided.decision.winner is None:
            self.asked[decided.pod.uid] = decided.asked

    def end_with(self, node: NodeInventory) -> int:
        """Forget the pods for which the node will do, and count them."""
        fitting = [uid for uid, asked in self.asked.items() if accelerator_rejection(asked, node) is None]
        for uid in fitting:
            del self.asked[uid]
        return len(fitting)


@dataclass(frozen=True)
class Wakings:
    """Touches each node that has come to fit a pod which waits, once; kube-scheduler then tries all such pods again."""

    api: Api
    knowledge: Knowledge
    pods: WaitingPods
    outbox: Outbox
    clock: Callable[[], datetime]
    count: Callable[[Sent], None]

    async def run(self, changed: Inbox[str, str]) -> None:
        """Wake for ever."""
        while True:
            self.wake(await changed.take())

    def wake(self, name: str) -> None:
        """Have a node touched that has more room than before, if a pod waits for that."""
        node = self.knowledge.inventory.nodes.get(name)
        if node and self.pods.end_with(node):
            # To the microsecond: a value that stands there already changes nothing, and nobody would be woken.
            now = self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self.outbox.post(Write(f"touch of node {name}", lambda: touch_node(self.api, name, now), self.count))

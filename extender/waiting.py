"""Pods for which the extender found no node among those that kube-scheduler had found feasible.

kube-scheduler's own check is exact, so there it was the account that lagged behind a deletion or a new device, or
devices that are shared, or a class. The pod would wait up to five minutes for a change that the scheduler has seen
already, or never sees; so a node that will do is touched.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cluster.api import Api
from cluster.writers import touch_node
from extender.desk import Decided
from extender.inbox import Inbox
from extender.outbox import Outbox, Sent, Write
from extender.ports import Knowledge
from placement.accelerators import Catalog
from placement.inventory import NodeInventory
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection
from placement.taints import Toleration, untolerated

# A change is judged for each shape, at some microseconds each.
MAX_SHAPES = 250

# What pods of more shapes are taken to ask: any node will do, and kube-scheduler may find that it does not.
ANYTHING = Requirements({}, tolerations=(Toleration(operator="Exists"),))


@dataclass(frozen=True)
class WaitingPods:
    """What pods ask that were refused every node, until a node will do: pods of one shape, which ask the same, are one.

    A shape outlives its pods, because one touch in vain costs less than to know of each pod.
    """

    max_shapes: int = MAX_SHAPES
    asked: dict[Hashable, Requirements] = field(default_factory=dict)

    def __call__(self, decided: Decided, _at: datetime) -> None:
        """Be told of a decision."""
        if decided.told.winner is None:
            shape = _shape(decided.asked)
            if shape in self.asked or len(self.asked) < self.max_shapes:
                self.asked[shape] = decided.asked
            else:
                self.asked[_shape(ANYTHING)] = ANYTHING

    def end_with(self, node: NodeInventory) -> int:
        """Forget the shapes for which the node will do, and count them."""
        fitting = [shape for shape, asked in self.asked.items() if _will_do(node, asked)]
        for shape in fitting:
            del self.asked[shape]
        return len(fitting)

    def end(self) -> int:
        """Forget all shapes, and count them."""
        count = len(self.asked)
        self.asked.clear()
        return count


@dataclass(frozen=True)
class Wakings:
    """Touches each node that has come to fit pods which wait, once; kube-scheduler then tries all such pods again.

    `end_wait` counts, once, the pods that waited for others to leave a node, and these have left.
    """

    api: Api
    knowledge: Knowledge
    pods: WaitingPods
    outbox: Outbox
    clock: Callable[[], datetime]
    count: Callable[[Sent], None]
    end_wait: Callable[[str], int] = lambda _node: 0

    async def run(self, changed: Inbox[str, str]) -> None:
        """Wake for ever."""
        while True:
            name = await changed.take()
            # A question that was answered before the change is told of only now.
            await asyncio.sleep(0)
            self.wake(name)

    async def run_all(self, catalogs: Inbox[str, Catalog], is_awaited: Callable[[], bool] = lambda: False) -> None:
        """Wake for ever when the classes are others; and once at first where pods wait that nobody here has refused."""
        name = next(iter(self.knowledge.inventory.nodes), None)
        if name and is_awaited():
            self._touch(name)
        while True:
            await catalogs.take()
            await asyncio.sleep(0)
            self.wake_all()

    def wake(self, name: str) -> None:
        """Have a node touched that has more room than before, if a pod waits for that."""
        node = self.knowledge.inventory.nodes.get(name)
        if node and self.pods.end_with(node) + self.end_wait(name):
            self._touch(name)

    def wake_all(self) -> None:
        """Have any node touched if a pod waits: the classes are others, and what pods ask is judged by these."""
        name = next(iter(self.knowledge.inventory.nodes), None)
        if name and self.pods.end():
            self._touch(name)

    def _touch(self, name: str) -> None:
        # To the microsecond: a value that stands there already changes nothing, and nobody would be woken.
        now = self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.outbox.post(Write(f"touch of node {name}", lambda: touch_node(self.api, name, now), self.count))


def _shape(asked: Requirements) -> Hashable:
    selection = asked.selection
    return (
        frozenset(asked.requests.items()),
        frozenset(selection.labels.items()),
        selection.terms,
        asked.tolerations,
    )


def _will_do(node: NodeInventory, asked: Requirements) -> bool:
    """Tell whether the node is one of those that the pod may have, and has the accelerators."""
    is_possible = asked.selection.admits(node.labels, node.name) and not untolerated(node.taints, asked.tolerations)
    return is_possible and accelerator_rejection(asked, node) is None

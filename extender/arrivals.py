"""Arrivals: each pod that takes something of nodes with accelerators is counted once into the mix that is expected.

A pod counts when kube-scheduler first asks about it, or when it is first seen bound: so the mix is rebuilt from the API
after a restart.
"""

import asyncio
from dataclasses import dataclass, field

from cachetools import LRUCache

from extender.inbox import AT_ONCE, Inbox
from extender.ports import Knowledge
from placement.pods import Pod
from placement.requirements import Requirements, requirements_of
from placement.scheduling.policy import Chooser

# More pods than wait at a time. One that is asked about again after so many others counts twice, which changes little.
MAX_COUNTED = 20_000


def oldest_first(held: Inbox[str, Pod]) -> list[Pod]:
    """Return the pods that wait, which then wait no longer, in the order in which they were created."""
    return sorted(held.drain(), key=lambda each: (each.created_at, each.uid))


@dataclass(frozen=True)
class Arrivals:
    """Lets the chooser learn from pods."""

    chooser: Chooser = field(default_factory=Chooser)
    _counted: LRUCache[str, None] = field(default_factory=lambda: LRUCache(MAX_COUNTED))

    def meet(self, uid: str, asked: Requirements) -> bool:
        """Count a pod, and tell whether somebody is to learn from it: once of each, and never of one made for its node.

        It may be learnt later: the pod may be seen bound before that.
        """
        if uid in self._counted or asked.selection.is_one_node:
            return False
        self._counted[uid] = None
        return True

    async def run(self, held: Inbox[str, Pod], knowledge: Knowledge) -> None:
        """Count pods that were seen bound, for ever; of those that are there already the oldest first."""
        for count, pod in enumerate(oldest_first(held), 1):
            self.held(pod, knowledge)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        while True:
            self.held(await held.take(), knowledge)

    async def run_departures(self, left: Inbox[str, Pod], knowledge: Knowledge) -> None:
        """Count pods that left, for ever."""
        while True:
            pod = await left.take()
            self.chooser.left(requirements_of(pod, knowledge.catalog), knowledge.inventory, [pod.node])

    def held(self, pod: Pod, knowledge: Knowledge) -> None:
        """Count a pod that was seen bound."""
        asked = requirements_of(pod, knowledge.catalog)
        if self.meet(pod.uid, asked):
            self.chooser.see(asked, knowledge.inventory, [pod.node])
        self.chooser.placed(asked, knowledge.inventory, [pod.node])

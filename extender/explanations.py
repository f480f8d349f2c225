"""Events for pods that wait: kube-scheduler's own filters may have rejected every node before the extender is asked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cachetools import TTLCache

from cluster.api import Api
from cluster.writers import Event, EventType, Reporter, publish_event
from extender.desk import Decided, Desk
from extender.inbox import Inbox
from extender.journal import Journal
from extender.outbox import Outbox, Sent, Write
from placement.pods import Pod
from placement.scheduling.decisions import Decision

# A survey judges every node on the event loop on which kube-scheduler is answered: it gets a tenth of the time.
LEAST_PAUSE_SECONDS = 0.05
PAUSE_FACTOR = 9
MAX_TOLD = 10_000
NODES_NAMED = 3

# A note has counts and names, which change with the cluster, and each of its versions would be an Event of its own.
REPEAT_SECONDS = 300.0

ACTION = "Scheduling"
NO_ACCELERATOR = "NoAccelerator"
ACCELERATOR_FREE = "AcceleratorFree"


@dataclass(frozen=True)
class Explanations:
    """Surveys all nodes for each pod that waits, and tells the result: to the journal, and in Events.

    Of each reason a pod gets one Event at most in five minutes.
    """

    api: Api
    desk: Desk
    journal: Journal
    outbox: Outbox
    reporter: Reporter
    clock: Callable[[], datetime]
    count: Callable[[Sent], None]
    scheduler_name: str | None = None
    publishes: bool = True
    told: TTLCache[tuple[str, str], None] = field(default_factory=lambda: TTLCache(MAX_TOLD, REPEAT_SECONDS))

    async def run(self, waiting: Inbox[str, Pod]) -> None:
        """Explain for ever."""
        loop = asyncio.get_running_loop()
        while True:
            pod = await waiting.take()
            began = loop.time()
            self.explain(pod)
            await asyncio.sleep(max(LEAST_PAUSE_SECONDS, PAUSE_FACTOR * (loop.time() - began)))

    def explain(self, pod: Pod) -> None:
        """Explain why a pod waits, where it is any of our business and was not answered a node meanwhile."""
        asked = self.desk.requirements_of(pod)
        is_ours = bool(asked.accelerators) or pod.scheduler_name == self.scheduler_name
        if not is_ours or pod.uid in self.desk.knowledge.account.assumed:
            return
        decision = self.desk.chooser.survey(asked, self.desk.knowledge.inventory)
        self.journal.survey(Decided(pod, asked, decision), self.clock())
        event = event_of(decision)
        if self.publishes and (pod.uid, event.reason) not in self.told:
            self.told[pod.uid, event.reason] = None
            self._publish(pod, event)

    def _publish(self, pod: Pod, event: Event) -> None:
        now = self.clock()
        self.outbox.post(
            Write(
                f"event about {pod.namespace}/{pod.name}: {event.note}",
                lambda: publish_event(self.api, pod, event, self.reporter, now),
                self.count,
            )
        )


def event_of(decision: Decision) -> Event:
    """Return what a person is told of a survey."""
    if decision.winner is None:
        return Event(EventType.WARNING, NO_ACCELERATOR, ACTION, decision.explanation)
    names = [each.node for each in decision.candidates]
    more = f" and {len(names) - NODES_NAMED} more" if len(names) > NODES_NAMED else ""
    where = ", ".join(names[:NODES_NAMED]) + more
    note = (
        f"the pod waits for something else than accelerators: there is room on {where}, "
        "and the scheduler's own message (event FailedScheduling) tells why the pod cannot have it"
    )
    return Event(EventType.NORMAL, ACCELERATOR_FREE, ACTION, note)

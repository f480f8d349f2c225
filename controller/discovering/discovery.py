"""Discovery: a class for each kind of hardware that nodes show, and what speaks against understanding a node."""

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from cluster.writers import Event, EventType, Subject
from controller.discovering.classes import DiscoveredClasses
from controller.discovering.hardware import Hardware
from controller.discovering.standing import DISCOVERED, StandingClasses
from controller.parts import Context, Part
from controller.reconciling.conditions import Judgement
from controller.reconciling.events import Events
from controller.reconciling.work import WorkPacing, WorkQueue

# Between two looks at the nodes, and how many are read before others have a turn.
LOOK_SECONDS = 0.5
NODES_AT_ONCE = 20

# With one write after the other a slow API server would have classes wait for each other.
CLASSES_AT_ONCE = 8

# A class is written once in so many seconds at most, and a node is told of once in so many: labels may never rest.
CLASS_SECONDS = 10.0
NODE_SECONDS = 300.0


@dataclass(frozen=True)
class Survey:
    """Reads the nodes that changed, and has the classes of their hardware looked at."""

    context: Context
    hardware: Hardware
    classes: DiscoveredClasses
    class_queue: WorkQueue
    node_queue: WorkQueue

    async def run(self) -> NoReturn:
        """Follow the nodes for ever."""
        await self.context.view.until_synced()
        while True:
            await self.follow()
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self) -> None:
        """Read what changed since the last time."""
        nodes = self.hardware.changes(self.context.view.inventory)
        touched: set[str] = set()
        for some in _batches(nodes):
            touched |= self.hardware.read(some)
            await asyncio.sleep(0)
        touched |= self.hardware.settle()
        for name in filter(self.hardware.problems.get, nodes):
            self.node_queue.add(name)
        if not self.classes.is_ready:
            self.classes.is_ready = True
            touched.update(self.classes.names)
        for name in touched:
            self.look(name)

    def look(self, name: str) -> None:
        """Have a class looked at, and its status."""
        self.class_queue.add(name)
        self.context.classes.tell(name)

    def look_at_all_like(self, selected: Hashable) -> None:
        """Have the classes looked at that select the same as one of somebody else's did or does."""
        for name in self.hardware.names_like(selected):
            self.look(name)


@dataclass(frozen=True)
class Nodes:
    """Tells of nodes that say of their hardware what cannot be understood."""

    events: Events
    hardware: Hardware

    async def settle(self, name: str) -> list[str]:
        """Tell what is wrong with a node, once. Raises ApiError."""
        note = "; ".join(self.hardware.problems.get(name, ()))
        event = Event(EventType.WARNING, "HardwareUnclear", "Discovering", note)
        # kubelet gives the node's name as its uid, and kubectl describe finds such events.
        is_new = bool(note) and await self.events.tell(Subject("Node", "", name, name), event)
        return [f"node {name}: {note}"] if is_new else []


def discovery(context: Context) -> Part:
    """Keep a class for each kind of hardware, and tell of nodes that cannot be understood."""
    if not context.settings.discovery:
        return Part(class_judges=(lambda _seen: [Judgement.absent(DISCOVERED)],))
    hardware, standing = Hardware(), StandingClasses(context.classes)
    classes = DiscoveredClasses(context, hardware, standing)
    nodes = Nodes(context.events, hardware)
    interval = context.settings.interval_seconds
    often = WorkPacing(least_seconds=min(CLASS_SECONDS, interval), resync_seconds=interval, at_once=CLASSES_AT_ONCE)
    seldom = WorkPacing(least_seconds=NODE_SECONDS, resync_seconds=max(NODE_SECONDS, interval))
    class_queue = context.queue("discovery", classes.settle, lambda: classes.names, often)
    node_queue = context.queue("discovery_problems", nodes.settle, lambda: list(hardware.problems), seldom)
    survey = Survey(context, hardware, classes, class_queue, node_queue)

    def note(name: str) -> None:
        standing.note(name)
        class_queue.add(name)

    standing.taken = survey.look_at_all_like
    context.classes.listen(note)
    context.definition.listen(class_queue.add_all)
    return Part(
        (class_queue, node_queue),
        {"survey of nodes": survey.run},
        class_judges=(classes.judge,),
        metrics=lambda: _metrics(hardware),
    )


def _metrics(hardware: Hardware) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "berth_classes_discovered", "Kinds of hardware that nodes show.", value=len(hardware.classes)
    )
    unclear = "Nodes that say of their hardware what cannot be understood."
    yield GaugeMetricFamily("berth_discovery_problems", unclear, value=len(hardware.problems))


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + NODES_AT_ONCE] for start in range(0, len(names), NODES_AT_ONCE))

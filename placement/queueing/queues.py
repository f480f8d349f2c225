"""Queues: which flavors the pods of a namespace can come to, and whether one of these will do for a class."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from placement.accelerators import AcceleratorClass
from placement.devices import is_device
from placement.inventory import Amounts, NodeInventory
from placement.pods import Pod
from placement.queueing.flavors import Flavor
from placement.selection import NodeSelection, narrowed

QUEUE_NAME = "kueue.x-k8s.io/queue-name"

# So many reasons are told of a queue's flavors.
_TOLD = 3


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """Resources that come from the same flavors, named in the order in which Kueue tries them."""

    resources: frozenset[str]
    flavors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterQueue:
    """A quota of resources per flavor, as far as it says which flavors there are."""

    name: str
    groups: tuple[ResourceGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalQueue:
    """A namespace's door to a ClusterQueue."""

    namespace: str
    name: str
    cluster_queue: str


@dataclass(frozen=True)
class Queue:
    """The queue of a pod: the flavors of each resource, without those of resources that have one nobody knows."""

    name: str
    flavors: Mapping[str, tuple[Flavor, ...]]
    covered: frozenset[str]

    def refusal(
        self, pod: Pod, candidate: AcceleratorClass, demand: Amounts, nodes: Iterable[NodeInventory]
    ) -> str | None:
        """Return why Kueue lets the pod come to no node of a class, of which it demands devices, or None.

        `nodes` are those of the class, none where others with any labels may come.
        A flavor whose labels no node of the class has does not lead to one, even where Kueue would assign it. A queue
        that covers no accelerator at all says nothing about classes: Kueue is told to leave these alone.
        """
        uncovered = sorted(demand.keys() - self.covered)
        if uncovered and any(is_device(name) for name in self.covered):
            return f"queue {self.name} has no flavor for {', '.join(uncovered)}"
        carriers = tuple(nodes)
        for name in sorted(demand.keys() & self.flavors.keys()):
            reasons = [_refused(each, pod, candidate, carriers) for each in self.flavors[name]]
            if all(reasons):
                told = ", ".join(reason for reason in reasons[:_TOLD] if reason)
                return f"no flavor of queue {self.name} accepts it ({told}{', …' if len(reasons) > _TOLD else ''})"
        return None


def _refused(flavor: Flavor, pod: Pod, candidate: AcceleratorClass, carriers: tuple[NodeInventory, ...]) -> str | None:
    terms = narrowed(pod.selection.terms, candidate.selection.as_terms())
    refusal = flavor.refusal(NodeSelection(pod.selection.labels, terms), (*pod.tolerations, *candidate.tolerations))
    if refusal or not carriers or any(flavor.is_on(each.labels) for each in carriers):
        return refusal
    return f"{flavor.name} is for other nodes"


@dataclass(frozen=True)
class Queueing:
    """What is known of Kueue: flavors and ClusterQueues by name, LocalQueues by namespace and name."""

    flavors: Mapping[str, Flavor] = field(default_factory=dict)
    cluster_queues: Mapping[str, ClusterQueue] = field(default_factory=dict)
    local_queues: Mapping[tuple[str, str], LocalQueue] = field(default_factory=dict)

    def queue_of(self, pod: Pod) -> Queue | None:
        """Return the queue that a pod waits in; None where it waits in none, or in one that is not known."""
        local = self.local_queues.get((pod.namespace, pod.labels.get(QUEUE_NAME, "")))
        found = self.cluster_queues.get(local.cluster_queue) if local else None
        if local is None or found is None:
            return None
        covered = frozenset(chain.from_iterable(each.resources for each in found.groups))
        return Queue(local.name, dict(self._flavors(found)), covered)

    def _flavors(self, found: ClusterQueue) -> Iterator[tuple[str, tuple[Flavor, ...]]]:
        """Yield the flavors of each resource; where one is not known, nobody knows what it accepts."""
        for group in found.groups:
            flavors = tuple(self.flavors[name] for name in group.flavors if name in self.flavors)
            if len(flavors) == len(group.flavors):
                yield from ((name, flavors) for name in group.resources)


NO_QUEUES = Queueing()

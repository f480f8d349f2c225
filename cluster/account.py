"""The account: what every node offers, what bound pods hold of it, and what is assumed for pods in flight.

It depends only on what exists, never on the order in which that was seen. Of a bound pod it keeps its hold alone.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache

from cluster.tallies import Tally
from placement.accelerators import Catalog
from placement.inventory import Hold, Inventory, NodeInventory
from placement.keys import DEVICES
from placement.persistent import TransientMap
from placement.pods import Pod
from placement.shares import devices_of, hold_for

# A snapshot tells what changed since one of so many before it without looking at every node.
REMEMBERED = 64

# Names, labels and their values of a large cluster: some megabytes.
SHARED_TEXTS = 2**16
SHARED_OWNERS = 2**10


def hold_of(pod: Pod) -> Hold:
    """Return what a pod takes on its node, and of which devices where it has shares of them."""
    devices = devices_of(pod.annotations[DEVICES]) if DEVICES in pod.annotations else ()
    return hold_for(shared(pod.node), pod.taken, devices, shared_owner(pod.owner), pod.priority)


@lru_cache(SHARED_OWNERS)
def shared_owner(owner: str) -> str:
    """Return one and the same text of all replicas of an owner, which come close together; owners come and go."""
    return owner


@lru_cache(SHARED_TEXTS)
def shared(text: str) -> str:
    """Return one and the same text of all that are equal: what is read says everything anew."""
    return text


class Account:
    """Nodes with what pods take of them, kept true by applying what is seen; applying twice is applying once."""

    def __init__(self) -> None:
        self._catalog = Catalog()
        # The classes that are not what they were when the nodes were last classified.
        self._changed_classes: set[str] = set()
        self._nodes: TransientMap[NodeInventory] = TransientMap()
        # By node, known or not: pods may be seen before their node, or outlive it a little.
        self._tallies: dict[str, Tally] = {}
        # Of which nodes the snapshot does not tell what is taken.
        self._stale: dict[str, None] = {}
        self._bound: dict[str, Hold] = {}
        self._ending: set[str] = set()  # Of these, those that are to end.
        self._assumed: dict[str, Hold] = {}
        self._snapshot = Inventory(origin=self)
        self._serial = 0
        # What changed since the last snapshot, and with each of those before it.
        self._changed: dict[str, None] = {}
        self._changes: deque[tuple[str, ...]] = deque(maxlen=REMEMBERED)

    @property
    def inventory(self) -> Inventory:
        """A snapshot of the nodes; those that did not change are the same objects as in the one before."""
        self._classify()
        for name in self._stale:
            self._settle(name)
        self._stale.clear()
        if self._changed:
            self._serial += 1
            self._changes.append(tuple(self._changed))
            self._snapshot = Inventory(self._nodes.snapshot(), self, self._serial, tuple(self._changes))
            self._changed.clear()
        return self._snapshot

    @property
    def assumed(self) -> Mapping[str, Hold]:
        """The holds of pods in flight by uid."""
        return self._assumed

    def node_of(self, uid: str) -> str | None:
        """Return the node to which the pod is known to be bound, or None."""
        hold = self._bound.get(uid)
        return hold.node if hold else None

    def held_by(self, uid: str) -> Hold | None:
        """Return what the pod is known to hold where it is bound."""
        return self._bound.get(uid)

    def tenants(self, nodes: Collection[str]) -> list[tuple[str, Hold]]:
        """Return the pods that are known to be bound to these nodes, by uid, and what they hold."""
        return [(uid, hold) for uid, hold in self._bound.items() if hold.node in nodes]

    @property
    def ending(self) -> AbstractSet[str]:
        """The bound pods that are known to end, by uid."""
        return self._ending

    def place_of(self, uid: str) -> str | None:
        """Return the node to which the pod is known to be bound or in flight, or None."""
        hold = self._bound.get(uid) or self._assumed.get(uid)
        return hold.node if hold else None

    def use(self, catalog: Catalog) -> None:
        """Tell the classes of every node by this catalog, when somebody looks."""
        old, self._catalog = self._catalog, catalog
        self._changed_classes |= catalog.without(old).classes.keys() | old.without(catalog).classes.keys()

    def apply_node(self, node: NodeInventory) -> bool:
        """Take in what a node says of itself, and tell whether that is new; what pods hold of it stays."""
        known = self._nodes.get(node.name)
        if known is None or node.labels != known.labels:
            return self._put(self._counted(self._classified(_sharing(node))))
        return not _says_what(node, known) and self._put(_said(node, known))

    def remove_node(self, name: str) -> None:
        """Drop a node; its pods stay on the account until they are gone too."""
        if self._nodes.pop(name):
            self._changed[name] = None

    def retain_nodes(self, names: AbstractSet[str]) -> None:
        """Drop every node but these."""
        for name in self._nodes.keys() - names:
            self.remove_node(name)

    def apply_pod(self, pod: Pod) -> None:
        """Take in a pod: a bound one holds until it is finished or gone, whoever bound it."""
        if pod.is_finished:
            self.remove_pod(pod.uid)
        elif pod.node:
            self.forget(pod.uid)
            self._bind(pod.uid, hold_of(pod))
            if pod.is_terminating:
                self._ending.add(pod.uid)
        else:
            self._release(pod.uid)

    def remove_pod(self, uid: str) -> None:
        """Drop a pod, bound or in flight."""
        self.forget(uid)
        self._release(uid)

    def retain_pods(self, uids: AbstractSet[str]) -> frozenset[str]:
        """Drop every pod but these; return the nodes to which the dropped ones were bound or in flight."""
        gone = (self._bound.keys() | self._assumed.keys()) - uids
        nodes = frozenset(filter(None, map(self.place_of, gone)))
        for uid in gone:
            self.remove_pod(uid)
        return nodes

    def assume(self, uid: str, hold: Hold) -> None:
        """Count a pod as in flight to a node until it is seen bound, finished or gone, or is forgotten."""
        if uid not in self._bound and self._assumed.get(uid) != hold:
            self.forget(uid)
            self._assumed[uid] = hold
            self._tally(hold).assume(hold)

    def forget(self, uid: str) -> None:
        """Count a pod as in flight no longer."""
        hold = self._assumed.pop(uid, None)
        if hold:
            self._tally(hold).forget(hold)

    def _bind(self, uid: str, hold: Hold) -> None:
        if self._bound.get(uid) != hold:
            self._release(uid)
            self._bound[uid] = hold
            self._tally(hold).hold(hold)

    def _release(self, uid: str) -> None:
        hold = self._bound.pop(uid, None)
        self._ending.discard(uid)
        if hold:
            self._tally(hold).release(hold)

    def _tally(self, hold: Hold) -> Tally:
        """Return what is taken of the node of a hold, to be changed."""
        self._stale[hold.node] = None
        if hold.node not in self._tallies:
            self._tallies[hold.node] = Tally()
        return self._tallies[hold.node]

    def _settle(self, name: str) -> None:
        """Take over what is taken of a node by now."""
        if name in self._tallies and self._tallies[name].is_empty:
            del self._tallies[name]
        node = self._nodes.get(name)
        if node:
            self._put(self._counted(node))

    def _counted(self, node: NodeInventory) -> NodeInventory:
        """Return a node with what is taken of it, the same where that is nothing else."""
        tally = self._tallies.get(node.name) or Tally()
        if tally.is_of(node):
            return node
        held, assumed, replicas = tally.amounts
        return replace(node, held=held, assumed=assumed, replicas=replicas)

    def _classify(self) -> None:
        """Classify the nodes that carry a class which changed, or are to carry it."""
        if not self._changed_classes:
            return
        changed = self._catalog.only(self._changed_classes)
        for node in tuple(self._nodes.values()):
            carried = changed.carried_by(node.labels, node.name)
            if carried or not self._changed_classes.isdisjoint(node.classes):
                self._put(self._carrying(node, {*node.classes} - self._changed_classes | {*carried}))
        self._changed_classes.clear()

    def _classified(self, node: NodeInventory) -> NodeInventory:
        return self._carrying(node, self._catalog.carried_by(node.labels, node.name))

    def _carrying(self, node: NodeInventory, carried: Iterable[str]) -> NodeInventory:
        """Return a node with the classes that it carries, the same where they are no others and offer nothing else."""
        names = tuple(sorted(carried))
        offers = frozenset[str]().union(*(self._catalog.classes[name].resource_names for name in names))
        is_same = names == node.classes and offers == node.offers
        return node if is_same else replace(node, classes=names, offers=offers)

    def _put(self, node: NodeInventory) -> bool:
        """Keep a node, and tell whether it is another one than before."""
        if node is self._nodes.get(node.name):
            return False
        self._nodes.put(node)
        self._changed[node.name] = None
        return True


def _says_what(node: NodeInventory, known: NodeInventory) -> bool:
    """Tell whether a node says of itself what is known, its labels aside."""
    return (
        node.allocatable == known.allocatable
        and node.taints == known.taints
        and node.is_ready == known.is_ready
        and node.is_schedulable == known.is_schedulable
    )


def _said(node: NodeInventory, known: NodeInventory) -> NodeInventory:
    """Return a known node with what it says of itself, its labels aside."""
    return replace(
        known,
        allocatable=node.allocatable,
        taints=node.taints,
        is_ready=node.is_ready,
        is_schedulable=node.is_schedulable,
    )


def _sharing(node: NodeInventory) -> NodeInventory:
    """Return the node with the labels that it has, in texts that other nodes have too."""
    return replace(node, labels={shared(key): shared(text) for key, text in node.labels.items()})

"""The account: what every node offers, what bound pods hold of it, and what is assumed for pods in flight.

It depends only on what exists, never on the order in which that was seen. Of a bound pod it keeps its hold alone.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from placement.accelerators import Catalog
from placement.inventory import Hold, Inventory, NodeInventory
from placement.keys import DEVICES
from placement.pods import Pod
from placement.shares import devices_of, hold_for


def hold_of(pod: Pod) -> Hold:
    """Return what a pod takes on its node, and of which devices where it has shares of them."""
    requests = {name: count for name, count in pod.requests.items() if count > 0}
    return hold_for(pod.node, requests, devices_of(pod.annotations.get(DEVICES, "")), pod.owner)


class Account:
    """Nodes with what pods take of them, kept true by applying what is seen; applying twice is applying once."""

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._is_classified = True
        self._nodes: dict[str, NodeInventory] = {}
        # Nodes of which only pods are known: pods may be seen before their node, or outlive it a little.
        self._unseen: dict[str, NodeInventory] = {}
        self._bound: dict[str, Hold] = {}
        self._assumed: dict[str, Hold] = {}
        self._snapshot: Inventory | None = None
        self._serial = 0
        self._changed: set[str] = set()

    @property
    def inventory(self) -> Inventory:
        """A snapshot of the nodes; those that did not change are the same objects as in the one before."""
        if not self._is_classified:
            self._is_classified = True
            for node in tuple(self._nodes.values()):
                self._put(self._classified(node))
        if self._snapshot is None:
            self._serial += 1
            self._snapshot = Inventory(dict(self._nodes), self, self._serial, frozenset(self._changed))
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

    def place_of(self, uid: str) -> str | None:
        """Return the node to which the pod is known to be bound or in flight, or None."""
        hold = self._bound.get(uid) or self._assumed.get(uid)
        return hold.node if hold else None

    def use(self, catalog: Catalog) -> None:
        """Tell the classes of every node by this catalog, when somebody looks."""
        if catalog != self._catalog:
            self._catalog = catalog
            self._is_classified = False

    def apply_node(self, node: NodeInventory) -> bool:
        """Take in what a node says of itself, and tell whether that is new; what pods hold of it stays."""
        known = self._node(node.name)
        if is_new := node.name not in self._nodes:
            self._unseen.pop(node.name, None)
            self._nodes[node.name] = known
            self._note(node.name)
        return self._put(self._classified(_taken(node, known))) or is_new

    def remove_node(self, name: str) -> None:
        """Drop a node; its pods stay on the account until they are gone too."""
        known = self._nodes.pop(name, None)
        if known:
            self._note(name)
            self._put(_taken(NodeInventory(name), known))

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
            self._put(self._node(hold.node).assume(hold))

    def forget(self, uid: str) -> None:
        """Count a pod as in flight no longer."""
        hold = self._assumed.pop(uid, None)
        if hold:
            self._put(self._node(hold.node).forget(hold))

    def _bind(self, uid: str, hold: Hold) -> None:
        if self._bound.get(uid) != hold:
            self._release(uid)
            self._bound[uid] = hold
            self._put(self._node(hold.node).hold(hold))

    def _release(self, uid: str) -> None:
        hold = self._bound.pop(uid, None)
        if hold:
            self._put(self._node(hold.node).release(hold))

    def _node(self, name: str) -> NodeInventory:
        return self._nodes.get(name) or self._unseen.get(name) or NodeInventory(name)

    def _classified(self, node: NodeInventory) -> NodeInventory:
        names = self._catalog.carried_by(node.labels, node.name)
        offers = frozenset[str]().union(*(self._catalog.classes[name].resource_names for name in names))
        return replace(node, classes=names, offers=offers)

    def _put(self, node: NodeInventory) -> bool:
        """Keep a seen node, and tell whether it has changed; keep an unseen one as long as something is taken of it."""
        if node.name not in self._nodes:
            self._unseen[node.name] = node
            if node == NodeInventory(node.name):
                del self._unseen[node.name]
            return False
        if node == self._nodes[node.name]:
            return False
        self._nodes[node.name] = node
        self._note(node.name)
        return True

    def _note(self, name: str) -> None:
        self._changed.add(name)
        self._snapshot = None


def _taken(node: NodeInventory, known: NodeInventory) -> NodeInventory:
    """Return a node with what is taken of a known one."""
    return replace(node, held=known.held, assumed=known.assumed, replicas=known.replicas)

"""Nominations: room that is kept for pods for which others have to leave.

From the answer that others shall leave a node until the pod is bound, minutes may pass: victims end in their own time.
kube-scheduler keeps a node's room for its nominated pod, counted as a sum, and asks first about that node. Which
devices of it are the pod's is kept here.
"""

from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass

from extender.flights import FlightLog
from extender.ports import Account
from placement.inventory import Hold, Inventory, NodeInventory
from placement.pods import Pod
from placement.requirements import Requirements
from placement.scheduling.preemption import Victim, without
from placement.shares import SHARES, devices_for, held_devices, hold_for, left_by_device


@dataclass(frozen=True, slots=True)
class Nomination:
    """What is kept for a pod, and who has to leave for it."""

    hold: Hold
    victims: frozenset[str]

    @property
    def node(self) -> str:
        """The node that others leave."""
        return self.hold.node


class Nominations:
    """Nominated pods, each counted as in flight; over once the pod is bound, gone, asked about in vain or expired."""

    def __init__(self, account: Account, flights: FlightLog) -> None:
        self._account = account
        self._flights = flights
        self._by_uid: dict[str, Nomination] = {}
        # Pods that were refused their node, because their victims are on the account still: whose preemption is not
        # asked about yet, and who wait for the account.
        self._refused: set[str] = set()
        self._waiting: set[str] = set()

    def begin(self, uid: str, nomination: Nomination) -> None:
        """Keep room for a pod; pods of lower priority lose what was kept for them of it."""
        self._flights.begin(uid, nomination.hold)
        self.give_way(uid, nomination.hold)
        self._by_uid = {**self._alive, uid: nomination}

    def take(self, uid: str) -> Nomination | None:
        """End a nomination, because the pod is asked about again, and return it."""
        nomination = self._alive.get(uid)
        self._by_uid.pop(uid, None)
        self._flights.end(uid)
        return nomination

    def restored(self, pod: Pod, asked: Requirements, inventory: Inventory) -> Nomination | None:
        """Return the nomination of which the API server tells: another extender has answered that others shall leave.

        That may be this one, before it was restarted. Of whole devices kube-scheduler tells all there is to know.
        """
        node, amount = inventory.nodes.get(pod.nominated_node), asked.accelerators.get(SHARES, 0)
        if node is None or not amount:
            return None
        tenants = ((uid, self._account.held_by(uid)) for uid in sorted(self._account.ending))
        here = ((uid, hold) for uid, hold in tenants if hold and hold.node == node.name)
        victims = tuple(Victim(uid, hold) for uid, hold in here if hold.priority < pod.priority)
        if not victims:
            return None
        devices = devices_for(amount, left_by_device(without(node, victims)))
        hold = hold_for(node.name, asked.requests, devices, asked.owner, pod.priority)
        return Nomination(hold, frozenset(each.uid for each in victims)) if devices else None

    def resume(self, uid: str, nomination: Nomination, refused: Container[str]) -> tuple[str, ...]:
        """Keep the room further where it may come yet, after these nodes were refused to the pod.

        Return the names of those to which it may come with nobody else leaving.
        """
        if nomination.node not in refused:
            self.begin(uid, nomination)
            return ()
        if not self.remaining(nomination):
            return ()
        self.begin(uid, nomination)
        self._refused = (self._refused & self._by_uid.keys()) | {uid}
        self._waiting = (self._waiting & self._by_uid.keys()) | {uid}
        return (nomination.node,)

    def was_refused(self, uid: str) -> bool:
        """Tell, once, whether the pod was refused its node because the account still has its victims there."""
        was_refused = uid in self._refused
        self._refused.discard(uid)
        return was_refused

    def end_wait(self, node: str) -> int:
        """Count, once, the pods that were refused this node and whose victims are gone by now."""
        ready = {uid for uid in self._waiting & self._alive.keys() if self._is_ready(self._by_uid[uid], node)}
        self._waiting -= ready
        return len(ready)

    @property
    def ending(self) -> AbstractSet[str]:
        """The bound pods that end already, or are about to because others are nominated for their nodes."""
        return frozenset(self._account.ending).union(*(each.victims for each in self._alive.values()))

    def remaining(self, nomination: Nomination) -> tuple[Victim, ...]:
        """Return the victims that the account still has on the node."""
        bound, flying = self._account.held_by, self._account.assumed
        found = [(uid, bound(uid) or flying.get(uid), bound(uid) is None) for uid in sorted(nomination.victims)]
        return tuple(Victim(uid, hold, flies) for uid, hold, flies in found if hold and hold.node == nomination.node)

    def give_way(self, uid: str, hold: Hold) -> None:
        """End what is kept for pods of lower priority of devices that another pod gets."""
        devices = set(held_devices(hold))
        for other, each in self._alive.items():
            is_lower = other != uid and each.hold.priority < hold.priority
            if is_lower and each.node == hold.node and devices & set(held_devices(each.hold)):
                self.take(other)

    @contextmanager
    def yielding(self, priority: int) -> Iterator[None]:
        """Count nothing meanwhile of shares that are kept for pods of lower priority than this."""
        lower = {
            uid: each.hold
            for uid, each in self._alive.items()
            if each.hold.priority < priority and SHARES in each.hold.requests
        }
        for uid in lower:
            self._account.forget(uid)
        try:
            yield
        finally:
            for uid, hold in lower.items():
                self._account.assume(uid, hold)

    def settled(self, node: NodeInventory) -> NodeInventory:
        """Return a node with what pods hold that are bound or being bound: without what is merely kept."""
        for each in self._alive.values():
            if each.node == node.name:
                node = node.forget(each.hold)
        return node

    @property
    def _alive(self) -> Mapping[str, Nomination]:
        if not self._by_uid:
            return {}
        assumed = self._account.assumed
        return {uid: each for uid, each in self._by_uid.items() if assumed.get(uid) == each.hold}

    def _is_ready(self, nomination: Nomination, node: str) -> bool:
        return nomination.node == node and not self.remaining(nomination)

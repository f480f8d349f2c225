"""Preemption: the node that a pod gets because others leave it, and who these are.

kube-scheduler offers nodes, each with pods of lower priority whose leaving suffices for all that it counts itself. It
does not count devices one by one: where a pod asks for shares and those pods hold parts of different devices, others
have to leave. Of the nodes on which the pod then fits, the one that costs least is chosen.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from placement.devices import is_device
from placement.inventory import Hold, Inventory, NodeInventory
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection
from placement.scheduling.policy import Chooser
from placement.shares import PER_DEVICE, SHARES, divided, is_closed, left_by_device


@dataclass(frozen=True, slots=True)
class Victim:
    """A pod that would have to leave, and what it holds; in flight it is not bound yet, ending it leaves anyway."""

    uid: str
    hold: Hold
    is_in_flight: bool = False
    is_ending: bool = False

    @property
    def priority(self) -> int:
        """How important it is."""
        return self.hold.priority


@dataclass(frozen=True, slots=True)
class Offer:
    """A node, the pods that would have to leave it, the most important first, and how many budgets that violates.

    Without victims it is a node that kube-scheduler's own filters let pass; it offers such ones from 1.38 on. On a sick
    one pods have failed of late.
    """

    node: str
    victims: tuple[Victim, ...] = ()
    pdb_violations: int = 0
    is_sick: bool = False


@dataclass(frozen=True, slots=True)
class Preemption:
    """The offer that costs least, with all who have to leave, and the devices of which the pod then has shares."""

    offer: Offer
    devices: tuple[int, ...] = ()


class Cost(NamedTuple):
    """What an offer costs, in the order in which the parts decide; less is better in each.

    `losses` are the devices, in thousandths, that pods of each priority lose, the highest priority first: so what costs
    the most important pods least comes first, and among equals what costs less of the next ones. Pods that end anyway
    lose nothing.
    """

    is_sick: bool
    pdb_violations: int
    losses: tuple[tuple[int, int], ...]
    victims: int


Lower = Callable[[Collection[str]], Iterable[Victim]]


def cheapest(
    asked: Requirements, offers: Sequence[Offer], inventory: Inventory, lower: Lower, chooser: Chooser
) -> Preemption | None:
    """Return the offer that costs least among those after which the pod fits, or None.

    `lower` returns the pods bound to some nodes whose priority is lower than the pod's. They leave as well where the
    pod asks for shares and who was offered does not suffice. Among equals the policy chooses, as if victims had left.
    """
    nodes = inventory.nodes
    costs = [(cost_of(each, nodes[each.node]), each) for each in _sufficient(asked, offers, inventory, lower)]
    for _, equals in groupby(sorted(costs, key=itemgetter(0)), itemgetter(0)):
        by_node = {each.node: each for _, each in equals}
        after = [without(nodes[each.node], each.victims) for each in by_node.values()]
        best = chooser.decide(asked, inventory.amended(after), sorted(by_node), limit=1).winner
        if best:
            return Preemption(by_node[best.node], best.devices)
    return None


def suffices(asked: Requirements, node: NodeInventory, victims: Iterable[Victim]) -> bool:
    """Tell whether the node's accelerators will do for the pod once the victims have left."""
    return accelerator_rejection(asked, without(node, victims)) is None


def without(node: NodeInventory, victims: Iterable[Victim]) -> NodeInventory:
    """Return the node as it is once the victims have left."""
    for each in victims:
        node = node.forget(each.hold) if each.is_in_flight else node.release(each.hold)
    return node


def cost_of(offer: Offer, node: NodeInventory) -> Cost:
    """Return what an offer costs."""
    victims = sum(not each.is_ending for each in offer.victims)
    return Cost(offer.is_sick, offer.pdb_violations, _losses(offer.victims, node), victims)


def _sufficient(asked: Requirements, offers: Sequence[Offer], inventory: Inventory, lower: Lower) -> list[Offer]:
    """Return the offers after which the pod fits, as they are or with the victims that this takes."""
    nodes = inventory.nodes
    enough = {each.node: each for each in offers if suffices(asked, nodes[each.node], each.victims)}
    if SHARES not in asked.accelerators:
        return [each for each in enough.values() if each.victims]
    tenants: dict[str, list[Victim]] = {each.node: [] for each in offers}
    for tenant in lower(tenants):
        tenants[tenant.hold.node].append(tenant)
    found = [
        each
        if each.node in enough and _counts_all_that_end(each, tenants[each.node])
        else _amended(asked, each, nodes[each.node], tenants[each.node]) or enough.get(each.node)
        for each in offers
    ]
    return [each for each in found if each and each.victims]


def _counts_all_that_end(offer: Offer, tenants: Iterable[Victim]) -> bool:
    """Tell whether nobody ends on the node beside the victims.

    kube-scheduler evicts others beside those that end already, where these were not its own choice.
    """
    sent = {each.uid for each in offer.victims}
    return not any(each.is_ending and each.uid not in sent for each in tenants)


def _amended(asked: Requirements, offer: Offer, node: NodeInventory, lower: Sequence[Victim]) -> Offer | None:
    """Return the offer with the victims after whose leaving the pod fits, each of them needed; None if none suffice.

    Where somebody else gives devices away nobody leaves: what would be left of them is not known.
    """
    if is_closed(node):
        return None
    sent = {each.uid for each in offer.victims}
    everyone = {each.uid: each for each in (*offer.victims, *lower)}.values()
    reprieve = sorted(
        everyone,
        key=lambda each: (each.is_ending, -each.priority, each.uid in sent, -_milli(each.hold, node), each.uid),
    )
    victims = sorted(_least(asked, node, reprieve), key=lambda each: (-each.priority, each.uid))
    return replace(offer, victims=tuple(victims)) if victims and suffices(asked, node, victims) else None


def _least(asked: Requirements, node: NodeInventory, reprieve: Sequence[Victim]) -> Sequence[Victim]:
    """Return who has to leave so that the pod gets the devices that are had at the least loss."""
    parts = divided(asked.accelerators[SHARES])
    if parts is None:
        return ()
    count, part = parts
    room = _Room(asked, node, reprieve)
    leaving = ((room.leaving({device}, part), device) for device in range(room.devices))
    ranked = sorted((_losses(each, node), len(each), device) for each, device in leaving if each is not None)
    chosen = {device for _, _, device in ranked[:count]}
    return room.needed(room.leaving(chosen, part) or (), count, part) if len(chosen) == count else ()


class _Room:
    """What a node has, by the names of what the pod asks, and what those hold of it who may have to leave."""

    def __init__(self, asked: Requirements, node: NodeInventory, reprieve: Sequence[Victim]) -> None:
        left = left_by_device(node)
        self.devices = len(left)
        self._names = [f"{SHARES}/{device}" for device in range(self.devices)]
        # The sum of the shares is enough where devices are.
        others = asked.requests.keys() & node.allocatable.keys() - {SHARES}
        self._need = {name: asked.requests[name] for name in others}
        self._free = {name: node.expected_free(name) for name in others} | dict(zip(self._names, left, strict=True))
        self._taken = [(each, each.hold.requests) for each in reprieve]

    def leaving(self, devices: Collection[int], part: int) -> tuple[Victim, ...] | None:
        """Return who has to leave so that the pod gets so much of each of these devices; None if that is not enough.

        Everybody leaves who holds of what is short, and comes back where room is left, as kube-scheduler reprieves.
        """
        need = self._need | {self._names[device]: part for device in devices}
        spare = {name: self._free[name] - count for name, count in need.items() if self._free[name] < count}
        movable = [(each, taken) for each, taken in self._taken if not spare.keys().isdisjoint(taken)]
        for name in spare:
            spare[name] += sum(taken.get(name, 0) for _, taken in movable)
        if spare and min(spare.values()) < 0:
            return None
        leaving: list[Victim] = []
        for each, taken in movable:
            if all(count >= taken.get(name, 0) for name, count in spare.items()):
                spare = {name: count - taken.get(name, 0) for name, count in spare.items()}
            else:
                leaving.append(each)
        return tuple(leaving)

    def needed(self, leaving: Collection[Victim], count: int, part: int) -> Sequence[Victim]:
        """Return those without whose leaving the pod would not get so much of as many devices, whichever these are.

        Where a pod leaves several devices, others need not leave theirs.
        """
        uids = {each.uid for each in leaving}
        taken = [(each, amounts) for each, amounts in self._taken if each.uid in uids]
        free = {name: amount + sum(each.get(name, 0) for _, each in taken) for name, amount in self._free.items()}
        needed: list[Victim] = []
        for each, amounts in taken:
            less = {name: amount - amounts.get(name, 0) for name, amount in free.items()}
            has_devices = sum(less[name] >= part for name in self._names) >= count
            if has_devices and all(less[name] >= amount for name, amount in self._need.items()):
                free = less
            else:
                needed.append(each)
        return needed


def _losses(victims: Iterable[Victim], node: NodeInventory) -> tuple[tuple[int, int], ...]:
    lost = Counter[int]()
    for each in victims:
        if not each.is_ending:
            lost[each.priority] += _milli(each.hold, node)
    return tuple(sorted(lost.items(), reverse=True))


def _milli(hold: Hold, node: NodeInventory) -> int:
    """Return how much of accelerators a pod holds, in thousandths of a device."""
    if SHARES in hold.requests:
        return hold.requests[SHARES]
    counts = ((name, count) for name, count in hold.requests.items() if "/" in name)
    whole = sum(count for name, count in counts if name in node.offers or is_device(name))
    return whole * PER_DEVICE

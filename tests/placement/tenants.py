"""Nodes with the pods that are bound to them, who may have to leave."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from placement.inventory import Hold, Inventory, NodeInventory
from placement.requirements import Requirements
from placement.scheduling.policy import Chooser
from placement.scheduling.preemption import Offer, Preemption, Victim, cheapest
from placement.shares import SHARES, hold_for
from tests.placement.clusters import GPU

PRIORITY = 1000


@dataclass(frozen=True)
class Full:
    """Nodes with the pods that are bound to them."""

    inventory: Inventory
    tenants: tuple[Victim, ...]

    def lower(self, nodes: Collection[str]) -> Iterable[Victim]:
        """Return who may have to leave these nodes."""
        return [each for each in self.tenants if each.hold.node in nodes and each.priority < PRIORITY]

    def offer(self, node: str, *uids: str, violations: int = 0) -> Offer:
        """Return a node with these victims."""
        by_uid = {each.uid: each for each in self.tenants}
        return Offer(node, tuple(by_uid[uid] for uid in uids), violations)

    def cheapest(self, asked: Requirements, *offers: Offer) -> Preemption | None:
        """Return what is chosen."""
        return cheapest(asked, offers, self.inventory, self.lower, Chooser())


def full(*nodes: NodeInventory, **pods: tuple[str, int, int]) -> Full:
    """Return nodes with whole GPUs; pods are a node, a count and a priority each."""
    return _of(nodes, [(uid, _whole(*each)) for uid, each in pods.items()])


def shared(devices: Mapping[str, int], **pods: tuple[str, int, tuple[int, ...], int]) -> Full:
    """Return nodes with shares; pods are a node, an amount, device numbers and a priority each."""
    return _of([share_node(*each) for each in devices.items()], [(uid, _share(*each)) for uid, each in pods.items()])


def share_node(name: str, devices: int) -> NodeInventory:
    """Return a node that offers its devices in shares."""
    return NodeInventory(name, allocatable={"cpu": 64_000, "pods": 110, SHARES: 1000 * devices})


def asking_share(amount: int, cpu: int = 1000) -> Requirements:
    """Return the requirements of a pod that asks for shares."""
    return Requirements({"cpu": cpu, "pods": 1, SHARES: amount}, {SHARES: amount})


def uids(found: Preemption | None) -> list[str]:
    """Return who has to leave."""
    return [each.uid for each in found.offer.victims] if found else []


def _whole(node: str, count: int, priority: int) -> Hold:
    return Hold(node, {"cpu": 1000, "pods": 1, GPU: count}, "", priority)


def _share(node: str, amount: int, devices: tuple[int, ...], priority: int) -> Hold:
    return hold_for(node, {"cpu": 1000, "pods": 1, SHARES: amount}, devices, "", priority)


def _of(nodes: Iterable[NodeInventory], holds: Iterable[tuple[str, Hold]]) -> Full:
    by_name = {each.name: each for each in nodes}
    tenants = tuple(Victim(uid, hold) for uid, hold in holds)
    for each in tenants:
        by_name[each.hold.node] = by_name[each.hold.node].hold(each.hold)
    return Full(Inventory(by_name), tenants)

"""Pods that were refused every node, and nodes that have come to fit them."""

from cachetools import LRUCache

from extender.desk import Decided
from extender.waiting import WaitingPods
from placement.pods import Pod
from placement.policy import decide
from tests.builders import H100, L4, inventory, node
from tests.extender.known import NOON
from tests.placement.clusters import asking


def decided(uid: str, count: int, *nodes: str) -> Decided:
    """Return a decision about a pod that asks so many GPUs, among idle nodes of eight."""
    asked = asking(count)
    among = inventory(*(node(name, H100) for name in nodes))
    return Decided(Pod("ml", uid, uid), asked, decide(asked, among, among.nodes))


def refused(uid: str, count: int) -> Decided:
    """Return a decision that found no node."""
    return decided(uid, count)


def test_a_node_wakes_the_pods_that_it_fits_once() -> None:
    """One touch lets kube-scheduler try all of them again."""
    waiting = WaitingPods()
    waiting(refused("small", 1), NOON)
    waiting(refused("large", 8), NOON)

    assert waiting.end_with(node("l4", L4, 4)) == 1
    assert waiting.end_with(node("l4", L4, 4)) == 0
    assert waiting.end_with(node("h100", H100)) == 1


def test_a_pod_that_was_placed_waits_no_longer() -> None:
    """Its next question decides."""
    waiting = WaitingPods()
    waiting(refused("pod", 1), NOON)
    waiting(decided("pod", 1, "h100"), NOON)

    assert waiting.end_with(node("h100", H100)) == 0


def test_only_so_many_pods_are_remembered() -> None:
    """The rest wait for kube-scheduler's own five minutes."""
    waiting = WaitingPods(LRUCache(2))
    for index in range(3):
        waiting(refused(f"pod-{index}", 1), NOON)

    assert waiting.end_with(node("h100", H100)) == 2

"""What is told of a small cluster, counted by hand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from placement.inventory import Hold, Inventory, NodeInventory
from placement.scheduling.mix import Mix, mix_of
from placement.scheduling.pools import Pools, pool_of
from placement.scheduling.summary import Summary, summaries
from placement.scheduling.tasks import Task
from placement.shares import SHARES, hold_for
from tests.builders import NVIDIA, inventory
from tests.placement.clusters import GPU, gpu_node, inventories

PAIRS = mix_of({Task(1000, 2): 1})


def node(name: str, *classes: str, devices: int = 8, held: int = 0, assumed: int = 0) -> NodeInventory:
    """Return a node with so many devices, of which so many are taken."""
    bare = NodeInventory(name, allocatable={"cpu": 64_000, NVIDIA: devices}, classes=classes)
    return bare.hold(Hold(name, {NVIDIA: held})).assume(Hold(name, {NVIDIA: assumed}))


def told(mix: Mix, *nodes: NodeInventory, resource: str = NVIDIA) -> dict[str, Summary]:
    """Return the summary of each class, that of all nodes under an empty name."""
    return {each.class_name: each for each in summaries(pool_of(resource, nodes), mix)}


def test_numbers_of_all_nodes_and_of_each_class() -> None:
    """Pods bound and in flight hold; of an odd device pairs can make nothing."""
    found = told(PAIRS, node("a", "h100", held=4, assumed=1), node("b", "l4", devices=4), node("c", devices=1))

    assert found[""] == Summary(NVIDIA, "", 3, 13, 8, 1, 0, 4, 1, {4: 1, 3: 1, 1: 1}, 0)
    assert found["h100"] == Summary(NVIDIA, "h100", 1, 8, 3, 0, 0, 3, 1, {3: 1}, 0)
    assert found["l4"] == Summary(NVIDIA, "l4", 1, 4, 4, 0, 0, 4, 1, {4: 1}, 0)
    assert sorted(found) == ["", "h100", "l4"]
    assert found[""].allocated == 5


def test_a_node_of_two_classes_counts_for_both_and_once_for_all() -> None:
    """Classes are views on nodes: adding them up would count twice."""
    found = told(PAIRS, node("a", "any", "h100"), node("b", "any", "l4", held=6))

    assert {name: (each.capacity, each.unallocated) for name, each in found.items()} == {
        "": (16, 10),
        "any": (16, 10),
        "h100": (8, 8),
        "l4": (8, 2),
    }


@pytest.mark.parametrize("closed", [{"is_schedulable": False}, {"is_ready": False}], ids=str)
def test_what_is_idle_on_a_node_that_takes_no_pods_is_closed_and_not_stranded(closed: Mapping[str, Any]) -> None:
    """It is unallocated all the same, but no pod fits, so it is none of the nodes with room either."""
    found = told(PAIRS, replace(node("a", "h100", held=3), **closed), node("b", "l4", devices=2))

    assert found[""] == Summary(NVIDIA, "", 2, 10, 7, 0, 5, 2, 1, {2: 1}, 0)
    assert found["h100"] == Summary(NVIDIA, "h100", 1, 8, 5, 0, 5, 0, 0, {}, 0)


def test_an_overfilled_node_counts_as_full() -> None:
    """What it lacks is taken from no other; it is told of."""
    found = told(PAIRS, node("a", "h100", held=11), node("b", "h100", held=2))

    assert found[""] == Summary(NVIDIA, "", 2, 16, 6, 0, 0, 6, 1, {6: 1, 0: 1}, 1)


def test_pods_in_flight_beyond_what_is_there_overfill_nothing_yet() -> None:
    """The check in the scheduler decides which of them gets in."""
    found = told(PAIRS, node("a", held=6, assumed=4))[""]

    assert (found.unallocated, found.overfilled, found.by_idle) == (0, 0, {0: 1})


def sharing(*left: int) -> NodeInventory:
    """Return a node with so much left of each device."""
    shared = NodeInventory("a", allocatable={"cpu": 64_000, SHARES: 1000 * len(left)}, classes=("l4",))
    for device, each in enumerate(left):
        amount = 1000 - each
        shared = shared.hold(Hold("a", {SHARES: amount, f"{SHARES}/{device}": amount}))
    return shared


def test_shares_are_counted_device_by_device() -> None:
    """Of three devices one is whole, one half, one full; pods of 600 can use the first alone."""
    found = told(mix_of({Task(0, 1, 600): 1}), sharing(1000, 500, 0), resource=SHARES)[""]

    assert found == Summary(SHARES, "", 1, 3, 1.5, 0.5, 0, 1, 1, {1: 1}, 0)


def test_a_node_with_an_overfilled_device_counts_as_full() -> None:
    """Somebody else gives its shares away too, so what seems to be left of the others is nobody's."""
    found = told(PAIRS, sharing(1000, 500, 0, -200), resource=SHARES)[""]

    assert found == Summary(SHARES, "", 1, 4, 0, 0, 0, 0, 0, {0: 1}, 1)


def test_the_largest_share_is_what_the_device_with_most_has_left() -> None:
    """Where no device is whole no pod fits that asks for one."""
    shared = NodeInventory("a", allocatable={"cpu": 64_000, SHARES: 2000})
    for device, amount in ((0, 300), (1, 900)):
        shared = shared.hold(hold_for("a", {SHARES: amount}, (device,)))

    found = told(PAIRS, shared, resource=SHARES)[""]

    assert (found.largest, found.largest_share, found.unallocated, found.stranded) == (0, 0.7, 0.8, 0.8)


def test_without_nodes_there_is_nothing() -> None:
    """One summary, of zeros."""
    assert told(PAIRS) == {"": Summary(NVIDIA, "", 0, 0, 0, 0, 0, 0, 0, {}, 0)}


def test_a_class_that_no_node_carries_any_longer_is_not_told_of() -> None:
    """Else every class that ever was would stay in the metrics."""
    pools = Pools()
    for each in (node("a", "old"), node("a", "new")):
        pools.follow(inventory(each))
        found = {one.class_name for one in summaries(pools.of(NVIDIA), PAIRS)}

    assert found == {"", "new"}


@given(inventories())
def test_parts_never_exceed_the_whole(drawn: Inventory) -> None:
    """What is held and idle makes up what is there; stranded and closed are parts of what is idle."""
    found = told(PAIRS, *drawn.nodes.values(), resource=GPU)[""]
    nodes = drawn.nodes.values()

    assert found.capacity == sum(each.allocatable[GPU] for each in nodes)
    assert 0 <= found.allocated <= found.capacity
    assert 0 <= found.stranded + found.closed <= found.unallocated + 1e-9
    assert sum(found.by_idle.values()) == found.nodes == len(nodes)
    assert found.largest == max(each.expected_free(GPU) for each in nodes)


def test_amounts_beyond_all_reason_leave_parts_of_the_whole() -> None:
    """Somebody will write a quintillion of GPUs."""
    found = told(PAIRS, gpu_node("a", 2**62), gpu_node("b"))[""]

    assert 0 <= found.allocated <= found.capacity
    assert 0 <= found.closed <= found.unallocated

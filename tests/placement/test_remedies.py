"""What would help a pod that fits nowhere: true for each node that is named, and no more than a reader acts on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import Hold, Inventory, NodeInventory
from placement.quantities import GIB
from placement.requirements import Requirements
from placement.scheduling.fit import rejection
from placement.scheduling.remedies import MAX_REMEDIES, listed, remedies
from placement.scheduling.shortfalls import freed, nearest, shortfall
from placement.selection import NodeSelection
from placement.shares import SHARES
from placement.taints import Taint
from tests.placement.clusters import GPU, asking, gpu_node, inventories, inventory_of, survey

BUSY = gpu_node("busy", held=6)
CORDONED = Taint("node.kubernetes.io/unschedulable")


def divided(name: str, *held: int) -> NodeInventory:
    """Return a node whose devices are divided, with so much held of each."""
    taken = {f"{SHARES}/{device}": amount for device, amount in enumerate(held)}
    return NodeInventory(name, allocatable={SHARES: 1000 * len(held)}, held={SHARES: sum(held), **taken})


def share(milli: int) -> Requirements:
    """Return the requirements of a pod that asks for a share."""
    return Requirements({SHARES: milli}, {SHARES: milli})


@pytest.mark.parametrize(
    ("nodes", "asked", "sentences"),
    [
        (
            [replace(gpu_node("a"), is_schedulable=False, taints=(CORDONED,))],
            asking(8),
            ["1 node(s) cordoned: uncordon a"],
        ),
        ([replace(gpu_node("a"), is_ready=False)], asking(8), ["1 node(s) not ready that would do: repair a"]),
        (
            [replace(gpu_node("a"), taints=(Taint("team", "x"),)), gpu_node("b", 4)],
            asking(8),
            ["1 node(s) with taint team=x:NoSchedule have room: let the pod tolerate it (a)"],
        ),
        (
            [gpu_node("a"), gpu_node("b")],
            replace(asking(8), selection=NodeSelection({"zone": "z"})),
            ["2 node(s) of class h100 have room, but the pod does not select them (a, b)"],
        ),
        (
            [gpu_node("a", held=4), gpu_node("b", held=4), BUSY],
            asking(8),
            [
                f"2 node(s) have 4 of 8 {GPU} free: 8 would fit if 4 more were free there (a, b)",
                f"the largest pod that still fits asks for 4 {GPU} (a, b)",
            ],
        ),
        (
            [gpu_node("a").hold(Hold("a", {"cpu": 90_000}))],
            asking(1, cpu=8000),
            ["1 node(s) have 6 of 96 cpu free: 8 would fit if 2 more were free there (a)"],
        ),
        (
            [replace(gpu_node("a"), allocatable={GPU: 8, "memory": 64 * GIB}, held={"memory": 60 * GIB})],
            Requirements({GPU: 1, "memory": 8 * GIB}, {GPU: 1}),
            ["1 node(s) have 4.00 of 64.00Gi memory free: 8.00Gi would fit if 4.00Gi more were free there (a)"],
        ),
        (
            [divided("a", 700, 800), divided("b", 900)],
            share(500),
            [
                (
                    f"1 node(s) have 300 of 1000 {SHARES} free on one device: "
                    "500 would fit if 200 more were free there (a)"
                ),
                f"the largest pod that still fits asks for 300 {SHARES} (a)",
            ],
        ),
        (
            [divided("a", 0, 800)],
            share(2000),
            [
                f"1 node(s) have 1000 of 2000 {SHARES} free: 2000 would fit if 1000 more were free there (a)",
                f"the largest pod that still fits asks for 1000 {SHARES} (a)",
            ],
        ),
        ([gpu_node("a", 4)], asking(8), ["one change makes none of 1 node(s) do: add a node on which the pod fits"]),
        (
            [replace(gpu_node("a", held=4), is_schedulable=False)],
            asking(8),
            ["one change makes none of 1 node(s) do: add a node on which the pod fits"],
        ),
    ],
)
def test_one_change_is_told_for_each_thing_that_is_in_the_way(
    nodes: list[NodeInventory], asked: Requirements, sentences: list[str]
) -> None:
    """What it is, how many nodes, and which; two things in the way of one node are no single change."""
    assert list(remedies(asked, inventory_of(nodes))) == sentences


def test_long_lists_are_cut() -> None:
    """Three names are enough to begin with, and five sentences."""
    tainted = [replace(gpu_node(f"n{index}"), taints=(Taint(f"t{index}"),)) for index in range(9)]

    assert len(remedies(asking(8), inventory_of(tainted))) == MAX_REMEDIES
    assert listed("abcde") == "a, b, c and 2 more"
    assert listed("abc") == "a, b, c"


def test_the_nearest_lack_the_fewest_accelerators() -> None:
    """Those of the wrong hardware are not near; what else is missing is told as well."""
    crowded = gpu_node("crowded", held=6).hold(Hold("crowded", {"cpu": 96_000}))
    inventory = inventory_of([gpu_node("full", held=8), BUSY, crowded, gpu_node("small", 2)])
    asked = asking(4)
    near = nearest(asked, survey(asked, inventory).rejections, inventory, 3)

    assert [(each.node, [*map(str, each.shortfalls)]) for each in near] == [
        ("busy", [f"2 of 8 {GPU} free"]),
        ("crowded", ["0 of 96 cpu free", f"2 of 8 {GPU} free"]),
        ("full", [f"0 of 8 {GPU} free"]),
    ]
    assert {each.reason for each in near} == {f"node(s) with too few free {GPU}"}


@given(inventories(), st.sampled_from([1, 2, 4, 8]))
def test_what_is_told_to_help_does(inventory: Inventory, count: int) -> None:
    """Freed of what is held, a node that falls short takes the pod; and by exactly what is missing."""
    asked = asking(count)
    for node in inventory.nodes.values():
        short = shortfall(asked, node, GPU)
        assert (short is not None) == (rejection(asked, node) is not None and node.allocatable[GPU] >= count)
        if short:
            assert rejection(asked, freed(node, GPU)) is None
            assert rejection(asked, node.release(Hold(node.name, {GPU: short.missing}))) is None
            assert rejection(asked, node.release(Hold(node.name, {GPU: short.missing - 1}))) is not None

"""Small clusters for tests of the domain: builders, and strategies that draw them."""

from collections.abc import Iterable

from hypothesis import strategies as st

from placement.inventory import Hold, Inventory, NodeInventory
from placement.keys import ZONE
from placement.requirements import Requirements, Spread
from placement.scheduling.decisions import Decision
from placement.scheduling.policy import Chooser

GPU = "nvidia.com/gpu"
OWNERS = ("", "ReplicaSet/chat", "ReplicaSet/code")
ZONES = ("z1", "z2", "z3")


def gpu_node(name: str, devices: int = 8, held: int = 0, assumed: int = 0, zone: str = "") -> NodeInventory:
    """Return a node with so many GPUs of which so many are taken."""
    return NodeInventory(
        name,
        labels={ZONE: zone} if zone else {},
        allocatable={"cpu": 96_000, "pods": 110, GPU: devices},
        held={GPU: held} if held else {},
        assumed={GPU: assumed} if assumed else {},
        classes=("h100",),
        offers=frozenset({GPU}),
    )


def inventory_of(nodes: Iterable[NodeInventory]) -> Inventory:
    """Return the inventory of these nodes."""
    return Inventory({node.name: node for node in nodes})


def asking(count: int, owner: str = "", spread: Spread = Spread.NODE, cpu: int = 1000) -> Requirements:
    """Return the requirements of a pod that asks so many GPUs."""
    return Requirements({"cpu": cpu, "pods": 1, GPU: count}, {GPU: count}, owner=owner, spread=spread)


def place(inventory: Inventory, node: str, asked: Requirements) -> Inventory:
    """Return the inventory with a pod of these requirements bound to the node."""
    hold = Hold(node, asked.requests, asked.owner)
    return Inventory({**inventory.nodes, node: inventory.nodes[node].hold(hold)})


node_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
questions = st.builds(
    asking, st.sampled_from([1, 2, 3, 4, 6, 8]), st.sampled_from(OWNERS), st.sampled_from(list(Spread))
)


@st.composite
def nodes_named(draw: st.DrawFn, name: str, sizes: tuple[int, ...] = (1, 2, 4, 6, 8, 16)) -> NodeInventory:
    """Draw a node of any size, anywhere between idle and full, sometimes with replicas and pods in flight."""
    devices = draw(st.sampled_from(sizes))
    held = draw(st.integers(0, devices))
    node = gpu_node(name, devices, held, draw(st.integers(0, devices - held)), draw(st.sampled_from(("", *ZONES))))
    for owner in draw(st.lists(st.sampled_from(OWNERS[1:]), max_size=3)):
        node = node.hold(Hold(name, {"cpu": 500}, owner))
    return node


@st.composite
def inventories(draw: st.DrawFn, sizes: tuple[int, ...] = (1, 2, 4, 6, 8, 16)) -> Inventory:
    """Draw a cluster of up to seven nodes."""
    names = draw(st.lists(node_names, min_size=1, max_size=7, unique=True))
    return inventory_of(draw(nodes_named(name, sizes)) for name in names)


def decide(asked: Requirements, inventory: Inventory, names: Iterable[str]) -> Decision:
    """Choose among nodes where nothing is known but the inventory."""
    return Chooser().decide(asked, inventory, names)


def survey(asked: Requirements, inventory: Inventory) -> Decision:
    """Judge every node in every respect where nothing is known but the inventory."""
    return Chooser().survey(asked, inventory)

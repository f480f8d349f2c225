"""Inventories that change: edits of nodes, and strategies that draw them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hypothesis import strategies as st

from placement.inventory import Inventory, NodeInventory
from placement.keys import ZONE
from placement.shares import SHARES, hold_for
from tests.builders import AMD, NVIDIA

RESOURCES = (NVIDIA, AMD, SHARES, "example.com/npu")
MODEL = "example.com/model"

Edit = Callable[[NodeInventory], NodeInventory]


def allocating(**amounts: int) -> Edit:
    """Return an edit that sets what a node has to give; keys are short names of resources."""
    names = {"gpu": NVIDIA, "amd": AMD, "shares": SHARES, "npu": "example.com/npu", "cpu": "cpu", "memory": "memory"}
    given = {names[key]: amount for key, amount in amounts.items()}
    return lambda node: replace(node, allocatable={**node.allocatable, **given})


def without(*names: str) -> Edit:
    """Return an edit after which a node tells nothing of these resources."""
    return lambda node: replace(
        node, allocatable={name: amount for name, amount in node.allocatable.items() if name not in names}
    )


def holding(requests: Mapping[str, int], devices: tuple[int, ...], owner: str, *, is_bound: bool) -> Edit:
    """Return an edit by which a pod is bound, or in flight."""
    hold = hold_for("", requests, devices, owner)
    return lambda node: node.hold(hold) if is_bound else node.assume(hold)


def emptied(node: NodeInventory) -> NodeInventory:
    """Return the node with all pods gone."""
    return replace(node, held={}, assumed={}, replicas={})


def labelled(model: str, zone: str, classes: tuple[str, ...], offers: frozenset[str]) -> Edit:
    """Return an edit of what a node is."""
    return lambda node: replace(node, labels={MODEL: model, ZONE: zone}, classes=classes, offers=offers)


requests = st.sampled_from(
    [{NVIDIA: 1}, {NVIDIA: 9, "cpu": 100}, {AMD: 2}, {SHARES: 250}, {SHARES: 2000}, {SHARES: 1500}, {"cpu": 500}]
)
edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(
        holding,
        requests,
        st.sampled_from([(), (0,), (1,), (0, 1), (7,)]),
        st.sampled_from(["", "rs/chat", "rs/code"]),
        is_bound=st.booleans(),
    ),
    st.builds(
        labelled,
        st.sampled_from(["h100", "l4"]),
        st.sampled_from(["z1", "z2"]),
        st.sampled_from([(), ("h100",), ("l4",), ("big", "h100")]),
        st.sampled_from([frozenset[str](), frozenset({"example.com/npu"})]),
    ),
    st.sampled_from(
        [
            emptied,
            allocating(gpu=8),
            allocating(gpu=0),
            allocating(amd=4),
            allocating(shares=2000),
            allocating(shares=3500),
            allocating(npu=2),
            allocating(cpu=0, memory=2**33),
            without(NVIDIA),
            without(*RESOURCES),
            lambda node: replace(node, is_schedulable=not node.is_schedulable),
            lambda node: replace(node, is_ready=not node.is_ready),
        ]
    ),
)
# What becomes of a node, where anything does: it is changed, or it goes.
changes = st.lists(st.tuples(st.sampled_from("abcd"), edits | st.none()), max_size=12)


def changed(before: Inventory, name: str, edit: Edit | None) -> Inventory:
    """Return the inventory after a change of one node, the others being the same objects."""
    nodes = dict(before.nodes)
    node = nodes.pop(name, None) or NodeInventory(name, allocatable={"cpu": 64_000, "memory": 2**36})
    return Inventory({**nodes, name: edit(node)} if edit else nodes)

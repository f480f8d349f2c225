"""Pools follow an inventory: after any change they are what they would be if they were made anew."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.inventory import Hold, Inventory, NodeInventory
from placement.keys import ZONE
from placement.scheduling.pools import Pool, Pools, accelerators_of, pool_of
from placement.scheduling.tasks import Task
from placement.shares import SHARES, hold_for
from tests.builders import AMD, NVIDIA, inventory

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


def known_of(pool: Pool) -> list[object]:
    """Return all that a pool knows of each node, in an order of its own, and the examples of kinds."""
    fleet = pool.fleet
    kinds = [fleet.kinds[kind] for kind in fleet.kind]
    examples = {node.classes: (node.name, dict(node.labels)) for node in pool.example.values()}
    columns = (fleet.cpu, fleet.memory, fleet.left, fleet.count, fleet.capacity, fleet.tie, pool.unbound)
    return [
        fleet.names,
        dict(pool.rows),
        pool.nodes,
        pool.shapes,
        kinds,
        examples,
        *(each.tolist() for each in columns),
    ]


def assert_as_if_made_anew(pools: Pools, now: Inventory) -> None:
    """Assert that the pools know what pools know that never saw another inventory."""
    anew = Pools()
    anew.follow(now)

    assert pools.offered == anew.offered
    assert pools.resources == anew.resources
    for resource in RESOURCES:
        assert known_of(pools.of(resource)) == known_of(anew.of(resource))
    for owner in ("rs/chat", "rs/code", "rs/none"):
        for by_zone in (False, True):
            assert pools.replicas(owner, by_zone=by_zone) == anew.replicas(owner, by_zone=by_zone)


@settings(deadline=None)
@given(changes, st.lists(st.sampled_from(RESOURCES), max_size=4))
def test_whatever_changes_pools_are_as_if_made_anew(drawn: list[tuple[str, Edit | None]], looked_at: list[str]) -> None:
    """Pods come and go, nodes are cordoned, become others, leave and return; looked at now and then."""
    pools, now = Pools(), Inventory()
    for name, edit in drawn:
        now = changed(now, name, edit)
        pools.follow(now)
        for resource in looked_at:
            assert pools.of(resource).resource == resource
    assert_as_if_made_anew(pools, now)

    for resource in RESOURCES:
        assert known_of(pools.of(resource))
    now = changed(now, "a", holding({NVIDIA: 1}, (), "rs/chat", is_bound=True))
    pools.follow(now)
    assert_as_if_made_anew(pools, now)


def test_a_change_of_what_is_left_keeps_the_pool() -> None:
    """Whoever keeps values per fleet would lose them, and a large cluster takes long to read anew."""
    one, other = (NodeInventory(name, allocatable={NVIDIA: 8}) for name in "ab")
    pools = Pools()
    pools.follow(inventory(one, other))
    before = pools.of(NVIDIA)

    pools.follow(inventory(one.hold(Hold("a", {NVIDIA: 2})), other))

    assert pools.of(NVIDIA) is before
    assert before.fleet.idle.tolist() == [6000, 8000]
    assert before.fleet.stamp[0] > before.fleet.stamp[1]


@pytest.mark.parametrize("devices", [1, 3, 0])
def test_a_node_may_have_more_or_fewer_devices_in_shares_than_before(devices: int) -> None:
    """The controller found another one, or lost one."""
    node = NodeInventory("a", allocatable={SHARES: 2000})
    pools = Pools()
    pools.follow(inventory(node))
    assert pools.of(SHARES).fleet.idle.tolist() == [2000]

    pools.follow(inventory(replace(node, allocatable={SHARES: 1000 * devices})))

    assert pools.of(SHARES).fleet.left[0, :devices].tolist() == [1000] * devices
    assert pools.of(SHARES).fleet.idle.tolist() == [1000 * devices]


def test_a_node_whose_devices_vanish_offers_none() -> None:
    """As while a device plugin is upgraded; pods without accelerators are then welcome there."""
    node = NodeInventory("a", allocatable={NVIDIA: 8})
    pools = Pools()
    pools.follow(inventory(node))
    pools.follow(inventory(replace(node, allocatable={NVIDIA: 0})))

    assert pools.offered == {}
    assert pools.resources == ()


def test_what_counts_as_an_accelerator_is_what_a_class_says_or_a_known_plugin_offers() -> None:
    """Not every extended resource."""
    amounts = {"cpu": 1, NVIDIA: 1, SHARES: 1000, "example.com/npu": 1, "example.com/fpga": 1, AMD: 0}
    node = NodeInventory("a", allocatable=amounts, offers=frozenset({"example.com/npu"}))

    assert accelerators_of(node) == (SHARES, "example.com/npu", NVIDIA)


@pytest.mark.parametrize("closed", [{"is_schedulable": False}, {"is_ready": False}], ids=str)
def test_of_a_node_that_takes_no_pods_nothing_is_left(closed: Mapping[str, Any]) -> None:
    """Its capacity stays; it is not stranded, it is closed."""
    shared = NodeInventory("a", allocatable={"cpu": 64_000, SHARES: 2000, NVIDIA: 0})
    whole = NodeInventory("b", allocatable={"cpu": 64_000, NVIDIA: 8})
    for resource, node, capacity in ((SHARES, shared, 2000), (NVIDIA, whole, 8000)):
        fleet = pool_of(resource, [replace(node, **closed)]).fleet
        assert (fleet.idle.sum(), fleet.cpu.sum(), fleet.capacity.sum()) == (0, 0, capacity)


def test_pods_in_flight_count_in_the_fleet_but_not_against_whole_devices() -> None:
    """kube-scheduler decides who gets whole devices; of shares the account is ours."""
    in_flight = Hold("a", {NVIDIA: 8})
    pool = pool_of(NVIDIA, [NodeInventory("a", allocatable={NVIDIA: 8}).assume(in_flight)])
    shared = NodeInventory("a", allocatable={SHARES: 1000}).assume(hold_for("a", {SHARES: 600}, (0,)))
    shares = pool_of(SHARES, [shared])

    assert pool.fleet.idle.tolist() == [0]
    assert pool.fits(Task(0, 8), np.array([0])).tolist() == [True]
    assert shares.fits(Task(0, 1, 500), np.array([0])).tolist() == [False]
    assert shares.fits(Task(0, 1, 400), np.array([0])).tolist() == [True]

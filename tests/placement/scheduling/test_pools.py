"""Pools follow an inventory: after any change they are what they would be if they were made anew."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import Hold, Inventory, NodeInventory
from placement.scheduling.pools import Pool, Pools, accelerators_of, pool_of
from placement.scheduling.tasks import Task
from placement.shares import SHARES, hold_for
from tests.builders import AMD, NVIDIA, inventory
from tests.placement.scheduling.editing import RESOURCES, Edit, changed, changes, holding


def known_of(pool: Pool) -> list[object]:
    """Return all that a pool knows of each node, in an order of its own, and the examples of kinds."""
    fleet = pool.fleet
    kinds = [fleet.kinds[kind] for kind in fleet.kind]
    examples = {node.classes: (node.name, dict(node.labels)) for node in pool.example.values()}
    columns = (
        fleet.cpu,
        fleet.memory,
        fleet.left,
        fleet.count,
        fleet.capacity,
        fleet.tie,
        pool.unbound,
        pool.total,
        pool.is_mixed,
    )
    return [
        fleet.names,
        dict(pool.rows),
        dict(pool.judged),
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
    assert pool.fits(Task(0, 8)).tolist() == [True]
    assert shares.fits(Task(0, 1, 500)).tolist() == [False]
    assert shares.fits(Task(0, 1, 400)).tolist() == [True]

"""Shares: how amounts are divided, what is left of each device, and on which the next one fits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import NodeInventory
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements
from placement.scheduling.fit import accelerator_rejection
from placement.shares import (
    MAX_DEVICES,
    SHARES,
    UNKNOWN_DEVICE,
    device_amounts,
    device_count,
    devices_for,
    devices_of,
    devices_text,
    divided,
    held_devices,
    hold_for,
    left_by_device,
    untold,
)

NODE = NodeInventory("n", allocatable={SHARES: 4000})
amounts = st.integers(1, 999) | st.integers(1, 4).map(lambda count: 1000 * count)


def asking(amount: int) -> Requirements:
    """Return what a pod asks that wants so much."""
    return Requirements({SHARES: amount}, {SHARES: amount})


def no(amount: int, node: NodeInventory) -> tuple[Cause, str] | None:
    """Return why the node will not do."""
    found = accelerator_rejection(asking(amount), node)
    return (found.cause, found.reason) if found else None


def on_devices(*left: int) -> NodeInventory:
    """Return a node with so much left of each device."""
    return NodeInventory(
        "n",
        allocatable={SHARES: 1000 * len(left)},
        held={f"{SHARES}/{device}": 1000 - each for device, each in enumerate(left)},
    )


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        (1, (1, 1)),
        (999, (1, 999)),
        (1000, (1, 1000)),
        (8000, (8, 1000)),
        (0, None),
        (-1, None),
        (1001, None),
        (1500, None),
    ],
)
def test_an_amount_is_a_part_of_one_device_or_whole_ones(amount: int, parts: tuple[int, int] | None) -> None:
    """Nothing lies between."""
    assert divided(amount) == parts


@pytest.mark.parametrize(
    ("text", "devices"),
    [("3", (3,)), ("0,3", (0, 3)), ("", ()), ("a", ()), ("1,", ()), ("-1", ()), ("²", ()), ("9" * 5000, ())],
)
def test_devices_are_read_from_a_text_or_it_is_none(text: str, devices: tuple[int, ...]) -> None:
    """Whoever wrote it."""
    assert devices_of(text) == devices


@given(st.lists(st.integers(0, 63), min_size=1))
def test_devices_that_are_written_are_read(devices: list[int]) -> None:
    """One form for both."""
    assert devices_of(devices_text(devices)) == tuple(devices)


@pytest.mark.parametrize(
    ("amount", "devices", "held"),
    [
        (300, (2,), {f"{SHARES}/2": 300}),
        (2000, (0, 3), {f"{SHARES}/0": 1000, f"{SHARES}/3": 1000}),
        (300, (), {UNKNOWN_DEVICE: 300}),
        (300, (0, 1), {UNKNOWN_DEVICE: 300}),
        (2000, (1,), {UNKNOWN_DEVICE: 1000}),
        (2000, (1, 1), {UNKNOWN_DEVICE: 1000}),
        (1500, (0, 1), {UNKNOWN_DEVICE: 1000}),
        (0, (1,), {}),
    ],
)
def test_what_is_not_known_or_contradicts_counts_against_every_device(
    amount: int, devices: tuple[int, ...], held: dict[str, int]
) -> None:
    """Better a device too few than one that is promised twice."""
    assert device_amounts({SHARES: amount}, devices) == held


def test_what_is_left_counts_pods_in_flight() -> None:
    """Those to devices that the node does not have count against each that it has."""
    node = NODE.hold(hold_for("n", {SHARES: 300}, (0,))).assume(hold_for("n", {SHARES: 200}, (1,)))
    assert left_by_device(node) == (700, 800, 1000, 1000)
    assert left_by_device(node.assume(hold_for("n", {SHARES: 100}, (7,)))) == (600, 700, 900, 900)
    assert left_by_device(node.assume(hold_for("n", {SHARES: 900}, (0,))))[0] == -200


@pytest.mark.parametrize("devices", [(), (7,), (0,)], ids=["untold", "of none", "promised twice"])
def test_nothing_is_left_where_somebody_else_gives_shares_away(devices: tuple[int, ...]) -> None:
    """Of a node of which bound pods hold what cannot be, the rest cannot be trusted either."""
    node = NODE.hold(hold_for("n", {SHARES: 300}, (0,)))
    other = hold_for("n", {SHARES: 800}, devices)

    assert left_by_device(node.hold(other)) == (0, 0, 0, 0)
    assert left_by_device(node.hold(other).release(other)) == (700, 1000, 1000, 1000)


@pytest.mark.parametrize(
    "node",
    [replace(NODE, allocatable={**NODE.allocatable, "nvidia.com/gpu": 1}), replace(NODE, held={"amd.com/gpu": 1})],
    ids=["allocatable", "held"],
)
def test_nothing_is_left_where_a_device_plugin_gives_whole_devices(node: NodeInventory) -> None:
    """Berth is the sole allocator of a device, or none of it."""
    assert left_by_device(node) == (0, 0, 0, 0)
    assert no(100, node) == (Cause.FILTERED, f"node(s) with whole devices beside {SHARES}")


def test_nodes_whose_devices_somebody_did_not_tell_are_counted() -> None:
    """Somebody else binds there."""
    told, secret = NODE.hold(hold_for("n", {SHARES: 300}, (0,))), NODE.hold(hold_for("n", {SHARES: 300}, ()))
    assert untold([NODE, told, secret]) == 1


def test_a_node_has_no_more_devices_than_can_be() -> None:
    """Somebody's mistake in a node's status costs no memory here."""
    assert device_count(NodeInventory("n", allocatable={SHARES: 10**18})) == MAX_DEVICES
    assert device_count(NodeInventory("n", allocatable={SHARES: 3999})) == 3
    assert device_count(NodeInventory("n")) == 0


@pytest.mark.parametrize(
    ("amount", "left", "devices"),
    [
        (300, (1000, 400, 350, 200), (2,)),
        (300, (350, 350), (0,)),
        (1000, (999, 1000), (1,)),
        (2000, (1000, 500, 1000, 1000), (0, 2)),
        (3000, (1000, 500, 1000), ()),
        (600, (500, 500), ()),
        (1500, (1000, 1000), ()),
        (1, (0, -5), ()),
    ],
)
def test_a_share_takes_the_tightest_device(amount: int, left: tuple[int, ...], devices: tuple[int, ...]) -> None:
    """And whole ones are taken in their order."""
    assert devices_for(amount, left) == devices


@pytest.mark.parametrize(
    ("amount", "node", "expected"),
    [
        (400, on_devices(300, 400), None),
        (2000, on_devices(1000, 0, 1000), None),
        (500, on_devices(400, 400), (Cause.EXHAUSTED, f"node(s) with too few free {SHARES} on one device")),
        (2000, on_devices(1000, 999), (Cause.EXHAUSTED, f"node(s) with too few free {SHARES} on one device")),
        (3000, on_devices(1000, 1000), (Cause.FILTERED, f"node(s) with fewer {SHARES} than asked")),
        (500, NodeInventory("n"), (Cause.FILTERED, f"node(s) without {SHARES}")),
        (1500, NODE, (Cause.FILTERED, f"node(s) refused: {SHARES} above 1000 must be a multiple of 1000")),
    ],
)
def test_one_device_must_have_enough(amount: int, node: NodeInventory, expected: tuple[Cause, str] | None) -> None:
    """Causes tell whether waiting helps."""
    assert no(amount, node) == expected


def test_a_node_of_a_class_that_lists_shares_is_judged_by_its_devices_too() -> None:
    """The account of devices is Berth's: what cannot be seen is not there."""
    found = accelerator_rejection(asking(300), NodeInventory("n", offers=frozenset({SHARES})))
    assert found == Rejection("n", Cause.FILTERED, f"node(s) without {SHARES}")


@given(amounts, st.lists(st.integers(-1000, 1000), max_size=8))
def test_devices_that_are_chosen_have_what_is_taken_of_them(amount: int, left: list[int]) -> None:
    """As many as the amount makes, different ones, and none only where there are too few."""
    parts = divided(amount)
    assert parts is not None
    devices = devices_for(amount, left)

    assert len(devices) == len(set(devices)) == (parts[0] if devices else 0)
    assert all(left[each] >= parts[1] for each in devices)
    assert bool(devices) == (sum(each >= parts[1] for each in left) >= parts[0])


@given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_the_verdict_and_the_choice_of_devices_agree(amount: int, left: list[int]) -> None:
    """What fits has devices, and their hold tells which."""
    node = on_devices(*left)
    devices = devices_for(amount, left_by_device(node))

    assert (no(amount, node) is None) == bool(devices)
    assert held_devices(hold_for("n", {SHARES: amount}, devices)) == devices

"""What one node adds to a class."""

from dataclasses import replace
from typing import Any

import pytest

from placement.accelerators import AcceleratorClass, DeviceResource
from placement.class_counts import NodeCount, Standing, node_count
from placement.inventory import NodeInventory
from placement.selection import NodeSelection
from placement.shares import SHARES
from placement.taints import Taint, Toleration

GPU = "nvidia.com/gpu"
RESOURCES = {"gpu": GPU, "milli": SHARES, "core": "aws.amazon.com/neuroncore", "neuron": "aws.amazon.com/neuron"}


def of(*resources: DeviceResource, **more: Any) -> AcceleratorClass:
    """Return a class with these resources."""
    return AcceleratorClass("c", NodeSelection({"a": "b"}), listed_resources=resources, **more)


def offering(held: dict[str, int] | None = None, **amounts: int) -> NodeInventory:
    """Return a node that offers so much of what the short names stand for."""
    return NodeInventory("n", allocatable={RESOURCES[name]: each for name, each in amounts.items()}, held=held or {})


WHOLE = of(DeviceResource(GPU), DeviceResource(SHARES))
SLICES = DeviceResource("nvidia.com/mig-3g.40gb", 2, divisible=True)
NEURON = of(DeviceResource("aws.amazon.com/neuron"), DeviceResource("aws.amazon.com/neuroncore", 2))


@pytest.mark.parametrize(
    ("carried", "node", "total", "free"),
    [
        (WHOLE, offering(gpu=8), 8, 8),
        (WHOLE, offering({GPU: 3}, gpu=8), 8, 5),
        (WHOLE, offering({GPU: 9}, gpu=8), 8, 0),
        (WHOLE, offering({GPU: 2}, gpu=0), 0, 0),
        (WHOLE, offering(gpu=-1), 0, 0),
        (WHOLE, NodeInventory("n"), 0, 0),
        (of(), offering(gpu=8), 0, 0),
        (NEURON, offering(neuron=16, core=32), 16, 16),
        (NEURON, offering({"aws.amazon.com/neuron": 4, "aws.amazon.com/neuroncore": 9}, neuron=16, core=32), 16, 7),
        (of(DeviceResource(GPU, 4)), offering({GPU: 1}, gpu=10), 2, 2),
        (of(DeviceResource(GPU, 4)), offering({GPU: 3}, gpu=10), 2, 1),
    ],
    ids=[
        "idle",
        "some held",
        "more held than there is",
        "its plugin ended",
        "nonsense",
        "nothing advertised yet",
        "a class that names no resource",
        "the same devices under two names",
        "held under both names",
        "several of it make one",
        "a part of one held",
    ],
)
def test_accelerators_of_a_node(carried: AcceleratorClass, node: NodeInventory, total: int, free: int) -> None:
    """Names are alternatives for the same devices, and no number is below zero."""
    assert node_count(node, carried) == NodeCount(Standing.AVAILABLE, total, free)


def test_parts_count_where_a_class_has_nothing_else() -> None:
    """Two halves are one accelerator; beside whole ones they are told as none."""
    node = NodeInventory("n", allocatable={GPU: 4, SLICES.name: 7}, held={SLICES.name: 2})

    assert node_count(node, of(SLICES)).total == 3
    assert node_count(node, of(SLICES)).free == 2
    assert node_count(node, of(SLICES, DeviceResource(GPU))).total == 4


def test_parts_under_different_names_are_added() -> None:
    """A device that is cut into one half and two quarters is one."""
    quarter = DeviceResource("nvidia.com/mig-1g.20gb", 4, divisible=True)
    node = NodeInventory("n", allocatable={SLICES.name: 1, quarter.name: 2})

    assert node_count(node, of(SLICES, quarter)).total == 1


@pytest.mark.parametrize("carried", [WHOLE, of(DeviceResource(GPU))], ids=["named", "not named"])
def test_a_node_that_offers_shares_has_its_devices(carried: AcceleratorClass) -> None:
    """A device of which something is held, or is about to be, is not free."""
    node = offering({SHARES: 300, f"{SHARES}/1": 300}, milli=4000)
    in_flight = replace(node, assumed={SHARES: 1000, f"{SHARES}/2": 1000})

    assert node_count(node, carried) == NodeCount(Standing.AVAILABLE, 4, 3)
    assert node_count(in_flight, carried).free == 2


def test_pods_in_flight_count() -> None:
    """What was answered and is not bound yet is not free."""
    assert node_count(replace(offering({GPU: 3}, gpu=8), assumed={GPU: 4}), WHOLE).free == 1


TAINT = Taint("maintenance", "", "NoSchedule")
TOLERANT = of(DeviceResource(GPU), listed_tolerations=(Toleration("maintenance", "Exists"),))


@pytest.mark.parametrize(
    ("carried", "changes", "standing"),
    [
        (WHOLE, {"is_schedulable": False, "is_ready": False, "taints": (TAINT,)}, Standing.CORDONED),
        (WHOLE, {"is_ready": False, "taints": (TAINT,)}, Standing.NOT_READY),
        (WHOLE, {"taints": (TAINT,)}, Standing.TAINTED),
        (WHOLE, {"taints": (Taint("maintenance", "", "NoExecute"),)}, Standing.TAINTED),
        (WHOLE, {"taints": (Taint("maintenance", "", "PreferNoSchedule"),)}, Standing.AVAILABLE),
        (WHOLE, {"taints": (Taint(GPU, "present"),)}, Standing.AVAILABLE),
        (TOLERANT, {"taints": (TAINT,)}, Standing.AVAILABLE),
    ],
    ids=["cordoned", "not ready", "tainted", "evicting", "only disliked", "the usual taint", "tolerated"],
)
def test_a_node_that_cannot_be_used_has_nothing_available(
    carried: AcceleratorClass, changes: dict[str, Any], standing: Standing
) -> None:
    """It counts under one reason, and its accelerators stay in the total."""
    count = node_count(replace(offering({GPU: 3}, gpu=8), **changes), carried)

    assert (count.standing, count.total, count.free) == (standing, 8, 5)
    assert count.available == (5 if standing is Standing.AVAILABLE else 0)

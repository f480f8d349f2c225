"""What more than one allocator has given away on a node."""

import pytest

from placement.inventory import Hold, NodeInventory
from placement.shares import SHARES, hold_for
from placement.trespass import trespassed

GPU = "nvidia.com/gpu"
WHOLE = NodeInventory("n", allocatable={"cpu": 8_000, GPU: 8})
SHARED = NodeInventory("n", allocatable={"cpu": 8_000, SHARES: 2000})


@pytest.mark.parametrize(
    ("node", "resources"),
    [
        (WHOLE.hold(Hold("n", {GPU: 8})), ()),
        (WHOLE.hold(Hold("n", {GPU: 9})), (GPU,)),
        (WHOLE.hold(Hold("n", {"cpu": 9_000})), ()),
        (WHOLE.assume(Hold("n", {GPU: 9})), ()),
        (SHARED.hold(hold_for("n", {SHARES: 1000}, (0,))), ()),
        (SHARED.hold(hold_for("n", {SHARES: 1000}, (0,))).hold(hold_for("n", {SHARES: 1}, (0,))), (SHARES,)),
        (SHARED.hold(hold_for("n", {SHARES: 100}, ())), (SHARES,)),
        (SHARED.hold(hold_for("n", {SHARES: 100}, (2,))), (SHARES,)),
        (SHARED.hold(hold_for("n", {SHARES: 100}, (0,))).hold(Hold("n", {GPU: 1})), (SHARES,)),
        (SHARED.hold(Hold("n", {GPU: 1})), ()),
        (NodeInventory("n", allocatable={GPU: 0}).hold(Hold("n", {GPU: 8})), ()),
    ],
)
def test_a_node_is_trespassed_where_bound_pods_hold_what_cannot_be(
    node: NodeInventory, resources: tuple[str, ...]
) -> None:
    """Pods in flight are no proof, cpu is nobody's device, and a plugin that is away has promised nothing."""
    assert trespassed(node) == resources

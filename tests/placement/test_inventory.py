"""What is held, assumed and free on a node, and how it changes without changing in place."""

from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import Hold, NodeInventory
from placement.scheduling.pools import Pools
from tests.placement.clusters import GPU, gpu_node, inventory_of, nodes_named

holds = st.builds(
    Hold,
    st.just("n"),
    st.dictionaries(st.sampled_from(["cpu", "memory", "pods", GPU]), st.integers(1, 2**40), max_size=4),
    st.sampled_from(["", "ReplicaSet/chat", "ReplicaSet/code"]),
)


@given(nodes_named("n"), holds)
def test_release_undoes_hold(node: NodeInventory, hold: Hold) -> None:
    """Binding and deleting a pod leaves the node as it was."""
    assert node.hold(hold).release(hold) == node


@given(nodes_named("n"), holds)
def test_forget_undoes_assume(node: NodeInventory, hold: Hold) -> None:
    """A pod in flight that never lands leaves no trace."""
    assert node.assume(hold).forget(hold) == node


@given(nodes_named("n"), holds, holds)
def test_the_order_of_holds_does_not_matter(node: NodeInventory, one: Hold, other: Hold) -> None:
    """Watch events come in any order."""
    assert node.hold(one).assume(other) == node.assume(other).hold(one)
    assert node.hold(one).hold(other) == node.hold(other).hold(one)


@given(nodes_named("n"), holds)
def test_a_pod_that_lands_moves_from_assumed_to_held(node: NodeInventory, hold: Hold) -> None:
    """What is expected to be free stays the same; what is free shrinks."""
    in_flight = node.assume(hold)
    landed = in_flight.forget(hold).hold(hold)

    for resource, amount in hold.requests.items():
        assert landed.expected_free(resource) == in_flight.expected_free(resource)
        assert landed.free(resource) == node.free(resource) - amount
    assert landed.replicas == in_flight.replicas


@given(nodes_named("n"), holds)
def test_trying_never_changes_what_is_tried(node: NodeInventory, hold: Hold) -> None:
    """Snapshots are shared between questions."""
    before = repr(node)
    node.hold(hold)
    node.assume(hold)

    assert repr(node) == before


def test_free_falls_below_zero_when_too_much_was_promised() -> None:
    """Another binder, or a device that died, is seen and not hidden."""
    assert gpu_node("n", 2, held=3).free(GPU) == -1


def test_a_resource_that_nobody_advertises_has_nothing_free() -> None:
    """Absent is zero."""
    assert gpu_node("n").free("amd.com/gpu") == 0


def test_replicas_are_counted_per_zone_and_by_node_where_no_zone_is_known() -> None:
    """A node without a zone label is a zone of its own."""
    replica = Hold("", {}, "ReplicaSet/chat")
    nodes = [gpu_node("a", zone="z1").hold(replica), gpu_node("b", zone="z1").assume(replica), gpu_node("c")]

    pools = Pools()
    pools.follow(inventory_of(nodes))
    counts = pools.replicas("ReplicaSet/chat", by_zone=True)

    assert {zone: counts.get(zone, 0) for zone in ("z1", "c")} == {"z1": 2, "c": 0}

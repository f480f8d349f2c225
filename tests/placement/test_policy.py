"""Which node the policy chooses, and the laws that every choice obeys."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from placement.inventory import Hold, Inventory, NodeInventory
from placement.rejections import Cause, Rejection
from placement.requirements import Requirements, Spread
from placement.scheduling.decisions import Score
from placement.scheduling.policy import Chooser
from placement.selection import NodeSelection
from placement.shares import SHARES
from tests.placement.clusters import GPU, asking, decide, gpu_node, inventories, inventory_of, place, questions, survey

CLASSIC_SIZES = (1, 2, 4, 8)


def winner(asked: Requirements, inventory: Inventory, chooser: Chooser | None = None) -> str:
    """Return the node that the policy chooses among all."""
    best = (chooser or Chooser()).decide(asked, inventory, inventory.nodes).winner
    assert best is not None
    return best.node


def is_idle(node: NodeInventory) -> bool:
    """Tell whether nobody holds a GPU there, nor is about to."""
    return node.expected_free(GPU) == node.allocatable[GPU]


@given(st.data(), inventories(), questions)
def test_the_order_of_candidate_names_does_not_matter(
    data: st.DataObject, inventory: Inventory, asked: Requirements
) -> None:
    """kube-scheduler hands over nodes in a rotating order, which decides nothing."""
    shuffled = data.draw(st.permutations(list(inventory.nodes)))

    one, other = decide(asked, inventory, inventory.nodes), decide(asked, inventory, shuffled)

    assert one.candidates == other.candidates
    assert set(one.rejections) == set(other.rejections)
    assert one.explanation == other.explanation


@given(inventories(), st.lists(questions, max_size=6))
def test_a_question_that_is_repeated_gets_the_same_answer(inventory: Inventory, asked: list[Requirements]) -> None:
    """Nodes fill up from question to question; what is kept in between changes no answer."""
    chooser = Chooser()
    for each in asked:
        decision = chooser.decide(each, inventory, inventory.nodes)
        assert decision == chooser.decide(each, inventory, inventory.nodes)
        if decision.winner:
            node = inventory.nodes[decision.winner.node]
            held = node.hold(Hold(node.name, each.requests, each.owner))
            inventory = Inventory({**inventory.nodes, node.name: held})


@given(inventories(), questions)
def test_the_same_inputs_give_the_same_answer(inventory: Inventory, asked: Requirements) -> None:
    """Nothing but the question and the inventory decides."""
    copy = Inventory({name: replace(node) for name, node in reversed(list(inventory.nodes.items()))})

    assert decide(asked, inventory, inventory.nodes) == decide(asked, copy, inventory.nodes)


@given(st.data(), inventories(), questions)
def test_renaming_nodes_changes_only_ties(data: st.DataObject, inventory: Inventory, asked: Requirements) -> None:
    """A name decides only between nodes of equal score."""
    new_names = data.draw(st.permutations([f"n{index}" for index in range(len(inventory.nodes))]))
    renamed = inventory_of(
        replace(node, name=name) for node, name in zip(inventory.nodes.values(), new_names, strict=True)
    )

    before, after = decide(asked, inventory, inventory.nodes), decide(asked, renamed, renamed.nodes)

    assert [each.score for each in before.candidates] == [each.score for each in after.candidates]


@given(inventories(), questions)
def test_every_node_is_either_a_candidate_or_rejected_with_a_reason(inventory: Inventory, asked: Requirements) -> None:
    """kube-scheduler drops a node that stands in neither list without a word."""
    decision = decide(asked, inventory, inventory.nodes)

    judged = [each.node for each in decision.candidates] + [each.subject for each in decision.rejections]
    assert sorted(judged) == sorted(inventory.nodes)
    assert all(each.reason for each in decision.rejections)


@given(inventories(), questions)
def test_nodes_that_the_inventory_does_not_know_pass_and_come_last(inventory: Inventory, asked: Requirements) -> None:
    """The scheduler saw the node before we did: that is no reason to reject it, nor to prefer it."""
    decision = decide(asked, inventory, ["NEW", *inventory.nodes])

    assert decision.candidates[-1].node == "NEW"
    assert decision.candidates[-1].score == Score(unknown=1)


@given(inventories(sizes=CLASSIC_SIZES), st.sampled_from(CLASSIC_SIZES))
def test_a_pod_never_opens_an_idle_node_while_a_started_one_of_the_kind_will_do(
    inventory: Inventory, count: int
) -> None:
    """On nodes of one, two, four or eight devices, the sizes that engines shard over."""
    asked = asking(count)
    decision = decide(asked, inventory, inventory.nodes)
    assume(decision.winner)
    chosen = inventory.nodes[winner(asked, inventory)]

    alike = [node for node in inventory.nodes.values() if node.allocatable[GPU] == chosen.allocatable[GPU]]
    if is_idle(chosen):
        assert not any(node.expected_free(GPU) >= count and not is_idle(node) for node in alike)


@given(st.lists(st.sampled_from([1, 2, 4]), max_size=12), st.integers(4, 6))
def test_small_pods_fill_started_nodes_so_that_an_eight_gpu_pod_finds_an_empty_one(
    sizes: list[int], nodes: int
) -> None:
    """As long as the small pods leave two nodes' worth of devices, one node stays whole."""
    assume(sum(sizes) <= 8 * (nodes - 2))
    inventory, chooser = inventory_of(gpu_node(f"n{index}") for index in range(nodes)), Chooser()
    for size in sizes:
        inventory = place(inventory, winner(asking(size), inventory, chooser), asking(size))

    assert decide(asking(8), inventory, inventory.nodes).winner is not None


@given(inventories(), st.sampled_from([1, 2, 3, 4, 6, 8]), st.sampled_from([Spread.NODE, Spread.ZONE]))
def test_spreading_replicas_costs_no_more_than_the_tolerance(inventory: Inventory, count: int, spread: Spread) -> None:
    """Whatever the size of the nodes: replicas move a pod among equals, or nearly so, only."""
    packed = decide(asking(count), inventory, inventory.nodes).winner
    spread_out = decide(asking(count, "ReplicaSet/chat", spread), inventory, inventory.nodes).winner
    assume(packed and spread_out)
    assert packed
    assert spread_out

    assert spread_out.score.cost <= packed.score.cost + 0.101


def test_replicas_spread_over_nodes_of_equal_fragmentation() -> None:
    """Of two started nodes the one without a replica of the same owner wins, though the other sorts first."""
    busy = Hold("a", {}, "ReplicaSet/chat")
    inventory = inventory_of([gpu_node("a", held=4).hold(busy), gpu_node("b", held=4), gpu_node("c")])

    assert winner(asking(2, "ReplicaSet/chat"), inventory) == "b"
    assert winner(asking(2, "ReplicaSet/code"), inventory) == "a"


def test_replicas_spread_over_zones_when_the_profile_says_so() -> None:
    """A node without replicas loses to one whose whole zone has none."""
    replica = Hold("a", {}, "ReplicaSet/chat")
    nodes = [gpu_node("a", held=4, zone="z1").hold(replica), gpu_node("b", held=4, zone="z1")]
    inventory = inventory_of([*nodes, gpu_node("c", held=4, zone="z2")])

    assert winner(asking(1, "ReplicaSet/chat", Spread.ZONE), inventory) == "c"
    assert winner(asking(1, "ReplicaSet/chat", Spread.NODE), inventory) == "b"


def test_replicas_do_not_spread_when_the_profile_forbids_it() -> None:
    """Spread `none` leaves fragmentation and name alone."""
    inventory = inventory_of([gpu_node("a", held=4).hold(Hold("a", {}, "ReplicaSet/chat")), gpu_node("b", held=4)])

    assert winner(asking(2, "ReplicaSet/chat", Spread.NONE), inventory) == "a"


def test_replicas_spread_over_nodes_of_the_first_class_though_a_later_one_is_cheaper() -> None:
    """Classes that are left open decide first, and replicas among the nodes of each."""
    busy = Hold("a", {}, "ReplicaSet/chat")
    later = replace(gpu_node("c", 1), classes=("l4",))
    inventory = inventory_of([gpu_node("a", held=4).hold(busy), gpu_node("b", held=4), later])
    asked = replace(asking(1, "ReplicaSet/chat"), classes=("h100", "l4"))

    assert winner(asked, inventory) == "b"


@pytest.mark.parametrize("offered", [0, -1000, 500, 999])
def test_nodes_that_offer_no_whole_device_in_shares_are_refused_with_a_reason(offered: int) -> None:
    """A kubelet that restarts writes 0 for a while."""
    node = NodeInventory("a", allocatable={"cpu": 8000, SHARES: offered})
    asked = Requirements({SHARES: 500}, {SHARES: 500})

    decision = decide(asked, inventory_of([node]), ["a"])

    assert decision.winner is None
    assert decision.rejections[0].reason


def test_replicas_spread_over_idle_nodes_when_all_are_idle() -> None:
    """Pods that need whole nodes still avoid the node that fell to their sibling."""
    inventory = inventory_of([gpu_node("a", 16).hold(Hold("a", {}, "ReplicaSet/chat")), gpu_node("b", 16)])

    assert winner(asking(8, "ReplicaSet/chat"), inventory) == "b"


def test_devices_that_a_pod_in_flight_will_take_are_avoided_but_not_refused() -> None:
    """In flight counts in scores alone: the in-tree check decides who gets whole devices."""
    inventory = inventory_of([gpu_node("a", 2, assumed=1), gpu_node("b", 8)])

    decision = decide(asking(2), inventory, inventory.nodes)

    assert [(each.node, each.score.contended) for each in decision.candidates] == [("b", 0), ("a", 1)]


def test_the_tightest_node_wins_at_equal_fragmentation() -> None:
    """Cpu that would stay idle beside devices breaks the tie before the name does."""
    roomy, tight = gpu_node("a", held=4), gpu_node("b", held=4).hold(Hold("b", {"cpu": 90_000}))

    assert winner(asking(4), inventory_of([roomy, tight])) == "b"


def test_a_full_node_is_exhausted_and_a_small_one_is_filtered() -> None:
    """Waiting helps with the first, never with the second."""
    inventory = inventory_of([gpu_node("small", 4), gpu_node("full", held=8)])

    decision = decide(asking(8), inventory, inventory.nodes)

    assert set(decision.rejections) == {
        Rejection("small", Cause.FILTERED, "node(s) with fewer nvidia.com/gpu than asked"),
        Rejection("full", Cause.EXHAUSTED, "node(s) with too few free nvidia.com/gpu"),
    }
    assert decision.is_exhausted
    assert decision.winner is None


def test_a_question_without_candidates_is_answered() -> None:
    """No nodes, no winner, no crash."""
    decision = decide(asking(1), Inventory(), [])

    assert decision.winner is None
    assert not decision.is_exhausted
    assert decision.explanation == "0/0 nodes fit"


def test_a_survey_judges_selection_where_a_decision_leaves_it_to_the_scheduler() -> None:
    """What a person asks about a waiting pod needs every reason."""
    asked = replace(asking(1), selection=NodeSelection({"gpu": "l4"}))
    inventory = inventory_of([gpu_node("a")])

    assert decide(asked, inventory, ["a"]).winner is not None
    assert survey(asked, inventory).explanation == "0/1 nodes fit: 1 node(s) of class h100, not selected by the pod"


@given(inventories(), questions)
def test_a_survey_and_a_decision_about_accelerators_agree(inventory: Inventory, asked: Requirements) -> None:
    """On nodes with nothing else against them both order the same candidates."""
    roomy = Inventory(
        {name: replace(node, held={GPU: node.held.get(GPU, 0)}) for name, node in inventory.nodes.items()}
    )

    assert survey(asked, roomy).candidates == decide(asked, roomy, roomy.nodes).candidates

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.account import Account, hold_of
from placement.inventory import HOLDERS, Hold
from placement.pods import Pod
from tests.cluster.histories import (
    CATALOGS,
    GPU,
    UIDS,
    Final,
    account_of,
    apply,
    holds,
    node,
    played,
    pod,
    pods,
    steps,
)


def without_assumptions(account: Account) -> Account:
    """Forget every pod in flight."""
    for uid in UIDS:
        account.forget(uid)
    return account


@given(steps, st.randoms(use_true_random=False))
def test_only_what_exists_at_the_end_counts(history: list[object], random: object) -> None:
    """Any history with the same objects at its end, seen in whichever order, gives the same inventory."""
    final = Final()
    for step in history:
        final.take(step)
    remaining = [*final.nodes.values(), *final.pods.values(), final.catalog]
    random.shuffle(remaining)  # type: ignore[attr-defined]

    assert without_assumptions(played(history)).inventory == played(remaining).inventory


@given(steps, pods)
def test_a_pod_that_leaves_leaves_no_trace(history: list[object], passer_by: Pod) -> None:
    """Release undoes hold."""
    stranger = replace(passer_by, uid="stranger")
    account = played(history)
    before = account.inventory

    account.apply_pod(stranger)
    account.remove_pod("stranger")

    assert account.inventory == before


@given(steps, holds)
def test_forgetting_undoes_assuming(history: list[object], hold: Hold) -> None:
    """A pod in flight that never arrives leaves no trace."""
    account = played(history)
    before = account.inventory

    account.assume("stranger", hold)
    account.forget("stranger")

    assert account.inventory == before
    assert "stranger" not in account.assumed


@given(steps)
def test_applying_twice_is_applying_once(history: list[object]) -> None:
    """What is seen again changes nothing: even the same objects stay, so that answers about them stay valid."""
    account = without_assumptions(played(history))
    before = account.inventory
    final = Final()
    for step in history:
        final.take(step)

    for again in (*final.nodes.values(), *final.pods.values(), final.catalog):
        apply(account, again)

    assert account.inventory is before


@given(steps)
def test_a_node_holds_the_sum_of_its_pods(history: list[object]) -> None:
    """Bound pods that are not finished count, nothing else."""
    account = played(history)
    final = Final()
    for step in history:
        final.take(step)

    for each in account.inventory.nodes.values():
        standing = [hold_of(one) for one in final.pods.values() if one.node == each.name and not one.is_finished]
        assert each.held.get(GPU, 0) == sum(hold.requests.get(GPU, 0) for hold in standing)
        assert each.held.get("pods", 0) == len(standing)


def test_pods_that_are_seen_before_their_node_count_when_it_comes() -> None:
    """Two watches have no common order."""
    account = account_of([], [pod("u1", "n1", 3)])
    assert account.inventory.nodes == {}

    account.apply_node(node("n1"))

    assert account.inventory.nodes["n1"].free(GPU) == 5


def test_pods_of_a_node_that_comes_back_still_count() -> None:
    """A node that is deleted and registered again has not lost its pods."""
    account = account_of([node("n1")], [pod("u1", "n1", 3)])

    account.remove_node("n1")
    assert account.inventory.nodes == {}
    account.apply_node(node("n1"))

    assert account.inventory.nodes["n1"].free(GPU) == 5


def test_a_node_carries_the_classes_of_the_catalog() -> None:
    """Classes and what they offer follow labels and catalog, whichever changes."""
    account = account_of([node("n1"), node("n2", label="t4")], [], CATALOGS[2])
    before = account.inventory.nodes

    account.apply_node(node("n2"))
    account.use(CATALOGS[1])

    assert [each.classes for each in before.values()] == [("any-gpu", "h100"), ()]
    assert [each.offers for each in before.values()] == [{GPU, "amd.com/gpu"}, frozenset()]
    assert [each.classes for each in account.inventory.nodes.values()] == [("h100",), ("h100",)]


def test_what_did_not_change_stays_the_same_object() -> None:
    """One pod changes one node."""
    account = account_of([node("n1"), node("n2")], [])
    before = account.inventory

    account.apply_pod(pod("u1", "n1"))

    assert account.inventory.nodes["n1"] is not before.nodes["n1"]
    assert account.inventory.nodes["n2"] is before.nodes["n2"]
    assert before.nodes["n1"].free(GPU) == 8


HOLD = Hold("n1", {GPU: 2, "pods": 1}, "rs1")


@pytest.mark.parametrize(
    ("seen", "held"),
    [(pod("u1", "n1", 2, "rs1"), 2), (pod("u1", "n2", 2), 0), (pod("u1", "n1", is_finished=True), 0)],
    ids=["bound", "bound-elsewhere", "finished"],
)
def test_an_assumption_ends_when_the_pod_is_seen(seen: Pod, held: int) -> None:
    """Wherever the pod stands then, it is in flight no longer."""
    account = account_of([node("n1"), node("n2")], [])
    account.assume("u1", HOLD)
    assert account.inventory.nodes["n1"].expected_free(GPU) == 6

    account.apply_pod(seen)

    assert account.inventory.nodes["n1"].expected_free(GPU) == 8 - held
    assert account.assumed == {}


def test_an_assumption_outlives_news_of_the_waiting_pod() -> None:
    """A pod that is not bound yet may change in other respects."""
    account = account_of([node("n1")], [])
    account.assume("u1", HOLD)

    account.apply_pod(pod("u1"))

    assert account.assumed == {"u1": HOLD}


def test_an_assumption_ends_with_the_pod() -> None:
    """A pod that is deleted while it waits goes nowhere."""
    account = account_of([node("n1")], [])
    account.assume("u1", HOLD)

    account.remove_pod("u1")

    assert account.inventory.nodes["n1"].expected_free(GPU) == 8


def test_a_pod_that_is_asked_about_again_is_assumed_once() -> None:
    """The newest answer counts, and a pod that is bound already is not in flight."""
    account = account_of([node("n1"), node("n2")], [pod("u2", "n2")])
    account.assume("u1", HOLD)
    account.assume("u1", replace(HOLD, node="n2"))
    account.assume("u2", HOLD)

    assert account.inventory.nodes["n1"].assumed == {}
    assert account.inventory.nodes["n2"].assumed == {GPU: 2, "pods": 1, HOLDERS: 1}
    assert account.inventory.nodes["n2"].replicas == {"rs1": 1}


def test_a_full_list_drops_what_is_not_in_it() -> None:
    """Deletions that nobody reported are made good, and it is told where something became free."""
    account = account_of([node("n1"), node("n2")], [pod("u1", "n1"), pod("u2", "n2")])
    account.assume("u3", HOLD)

    freed = account.retain_pods({"u2"})
    account.retain_nodes({"n1"})

    assert freed == {"n1"}
    assert account.inventory.nodes.keys() == {"n1"}
    assert account.inventory.nodes["n1"].expected_free(GPU) == 8

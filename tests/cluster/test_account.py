from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.account import Account, hold_of
from placement.accelerators import AcceleratorClass, Catalog
from placement.inventory import HOLDERS, Hold, NodeInventory
from placement.pods import Container, Pod
from placement.selection import NodeSelection

GPU = "nvidia.com/gpu"
NODES = ("n1", "n2", "n3")
UIDS = ("u1", "u2", "u3", "u4")
H100 = AcceleratorClass("h100", NodeSelection({"gpu": "h100"}), "nvidia")
ANY_GPU = AcceleratorClass("any-gpu", NodeSelection({"gpu": "h100"}), "amd")
CATALOGS = (Catalog(), Catalog({"h100": H100}), Catalog({"h100": H100, "any-gpu": ANY_GPU}))


def node(name: str, devices: int = 8, label: str = "h100") -> NodeInventory:
    """Return a node as it describes itself."""
    return NodeInventory(name, labels={"gpu": label}, allocatable={GPU: devices, "pods": 110})


def pod(uid: str, where: str = "", devices: int = 1, owner: str = "", *, is_finished: bool = False) -> Pod:
    """Return a pod; without a node it waits."""
    container = Container("c", requests={GPU: str(devices), "cpu": "0"})
    return Pod("ai", uid, uid, containers=(container,), owner=owner, node=where, is_finished=is_finished)


def account_of(nodes: Iterable[NodeInventory], pods: Iterable[Pod], catalog: Catalog = CATALOGS[1]) -> Account:
    """Return an account that has seen exactly these."""
    account = Account()
    account.use(catalog)
    for each in nodes:
        account.apply_node(each)
    for one in pods:
        account.apply_pod(one)
    return account


nodes = st.builds(node, st.sampled_from(NODES), st.integers(0, 8), st.sampled_from(["h100", "t4"]))
pods = st.builds(
    pod,
    st.sampled_from(UIDS),
    st.sampled_from(["", *NODES, "unknown"]),
    st.integers(0, 8),
    st.sampled_from(["", "rs1", "rs2"]),
    is_finished=st.booleans(),
)
holds = st.builds(
    Hold, st.sampled_from(NODES), st.just({GPU: 1, "pods": 1}) | st.just({GPU: 4}), st.sampled_from(["", "rs1"])
)
removals = st.sampled_from([("node", name) for name in NODES] + [("pod", uid) for uid in UIDS])
assumptions = st.tuples(st.sampled_from(UIDS), holds)
steps = st.lists(nodes | pods | removals | assumptions | st.sampled_from(CATALOGS), max_size=40)


class Final:
    """What is left of a history: the objects that exist at its end."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInventory] = {}
        self.pods: dict[str, Pod] = {}
        self.catalog = Catalog()

    def take(self, step: object) -> None:
        """Take one step."""
        match step:
            case NodeInventory(name=name):
                self.nodes[name] = step
            case Pod(uid=uid):
                self.pods[uid] = step
            case ("node", str(key)):
                self.nodes.pop(key, None)
            case ("pod", str(key)):
                self.pods.pop(key, None)
            case Catalog():
                self.catalog = step
            case _:
                pass


def apply(account: Account, step: object) -> None:
    """Take one step on an account."""
    match step:
        case NodeInventory():
            account.apply_node(step)
        case Pod():
            account.apply_pod(step)
        case ("node", str(name)):
            account.remove_node(name)
        case ("pod", str(uid)):
            account.remove_pod(uid)
        case Catalog():
            account.use(step)
        case (str(uid), Hold() as hold):
            account.assume(uid, hold)
        case _:
            raise AssertionError(step)


def played(history: Iterable[object]) -> Account:
    """Return an account that lived through a history."""
    account = Account()
    for step in history:
        apply(account, step)
    return account


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

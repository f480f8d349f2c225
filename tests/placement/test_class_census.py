"""The census of the classes: what it counts from change to change is what a count of everything says."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cluster.account import Account
from placement.accelerators import AcceleratorClass, Catalog, DeviceResource
from placement.class_census import MOST_NAMES, ClassCensus
from placement.class_counts import ClassCounts, Standing, node_count
from placement.inventory import Inventory, NodeInventory
from placement.pods import Container, Pod
from placement.selection import NodeSelection
from placement.taints import Taint, Toleration

GPU = "nvidia.com/gpu"
KINDS = ("a", "b")


def of(name: str, kind: str, **more: Any) -> AcceleratorClass:
    """Return a class of a kind of nodes."""
    selection = NodeSelection({"kind": kind} if kind else {"gpu": "yes"})
    return AcceleratorClass(name, selection, listed_resources=(DeviceResource(GPU),), **more)


def catalog(*classes: AcceleratorClass) -> Catalog:
    """Return a catalog of these."""
    return Catalog({each.name: each for each in classes})


def counted(account: Account, known: Catalog) -> dict[str, ClassCounts]:
    """Count everything of every class."""
    found = {}
    for name, carried in known.classes.items():
        nodes = {each.name: node_count(each, carried) for each in account.inventory.by_class.get(name, ())}
        usable = sorted(each for each, count in nodes.items() if count.standing is Standing.AVAILABLE)
        standing = [each.standing for each in nodes.values()]
        found[name] = ClassCounts(
            tuple(usable[:MOST_NAMES]),
            {each: standing.count(each) for each in Standing},
            sum(each.total for each in nodes.values()),
            sum(each.total - each.free for each in nodes.values()),
            sum(each.available for each in nodes.values()),
        )
    return found


NAMES = st.sampled_from([f"node-{number}" for number in range(4)])
NODES = st.builds(
    lambda name, kind, gpus, is_ready, is_open, taints: NodeInventory(
        name,
        {"gpu": "yes", "kind": kind},
        taints,
        {GPU: gpus},
        is_ready=is_ready,
        is_schedulable=is_open,
    ),
    NAMES,
    st.sampled_from(KINDS),
    st.integers(0, 8),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), (Taint("dedicated"),)]),
)
PODS = st.builds(
    lambda number, node, gpus: Pod(
        "ml", f"p{number}", f"uid-{number}", containers=(Container("c", "i", limits={GPU: str(gpus)}),), node=node
    ),
    st.integers(0, 3),
    NAMES,
    st.integers(1, 9),
)
TOLERATING = (Toleration("dedicated", "Exists"),)
CLASSES = st.lists(
    st.builds(
        lambda name, kind, tolerations: of(name, kind, listed_tolerations=tolerations),
        st.sampled_from(["one", "two", "all"]),
        st.sampled_from([*KINDS, ""]),
        st.sampled_from([(), TOLERATING]),
    ),
    max_size=3,
    unique_by=lambda each: each.name,
)
CHANGES = st.one_of(
    st.tuples(st.just("node"), NODES),
    st.tuples(st.just("no node"), NAMES),
    st.tuples(st.just("pod"), PODS),
    st.tuples(st.just("no pod"), st.integers(0, 3)),
    st.tuples(st.just("classes"), CLASSES),
    st.tuples(st.just("look"), st.none()),
)


@given(st.lists(CHANGES, max_size=40))
def test_what_is_kept_is_what_a_count_of_everything_says(changes: list[tuple[str, object]]) -> None:
    """After any history; and every class that has something else than at the look before is told."""
    account, census, known = Account(), ClassCensus(), Catalog()
    before: dict[str, ClassCounts] = {}
    for what, change in [*changes, ("look", None)]:
        if isinstance(change, NodeInventory):
            account.apply_node(change)
        elif isinstance(change, Pod):
            account.apply_pod(change)
        elif isinstance(change, list):
            known = catalog(*change)
            account.use(known)
        elif what == "no node":
            account.remove_node(str(change))
        elif what == "no pod":
            account.remove_pod(f"uid-{change}")
        else:
            told = census.follow(account.inventory, known)
            after = counted(account, known)
            assert {name: census.of(name) for name in known.classes} == after
            assert told >= {name for name in before.keys() & after.keys() if before[name] != after[name]}
            before = after


def world(count: int) -> tuple[Account, Catalog]:
    """Return so many idle nodes of one class."""
    account, known = Account(), catalog(of("one", "a"))
    account.use(known)
    for number in range(count):
        account.apply_node(NodeInventory(f"node-{number:04}", {"kind": "a"}, allocatable={GPU: 8}))
    return account, known


def test_the_first_hundred_names_are_told_in_order() -> None:
    """All nodes count."""
    account, known = world(130)
    census = ClassCensus()

    assert census.follow(account.inventory, known) == {"one"}

    counts = census.of("one")
    assert counts
    assert counts.names == tuple(f"node-{number:04}" for number in range(100))
    assert (counts.nodes[Standing.AVAILABLE], counts.total) == (130, 1040)


def test_what_changes_nothing_of_a_class_is_not_told() -> None:
    """A pod without accelerators, a label that no class selects, and a second look."""
    account, known = world(3)
    census = ClassCensus()
    census.follow(account.inventory, known)

    account.apply_pod(Pod("ml", "p", "uid", containers=(Container("c", "i", limits={"cpu": "1"}),), node="node-0001"))
    account.apply_node(NodeInventory("node-0002", {"kind": "a", "rack": "7"}, allocatable={GPU: 8}))

    assert census.follow(account.inventory, known) == set()
    assert census.follow(account.inventory, known) == set()


def test_a_class_that_is_gone_is_known_no_longer() -> None:
    """And nobody is told of it."""
    account, known = world(3)
    census = ClassCensus()
    census.follow(account.inventory, known)
    account.use(catalog())

    assert census.follow(account.inventory, catalog()) == set()
    assert census.of("one") is None


def test_inventories_that_no_account_made_are_followed_too() -> None:
    """Their nodes are compared one by one."""
    nodes = {"n": NodeInventory("n", {"kind": "a"}, allocatable={GPU: 8}, classes=("one",))}
    census, known = ClassCensus(), catalog(of("one", "a"))
    census.follow(Inventory(nodes), known)

    assert census.follow(Inventory({"n": replace(nodes["n"], held={GPU: 8})}), known) == {"one"}
    counts = census.of("one")
    assert counts
    assert (counts.total, counts.held, counts.available) == (8, 8, 0)

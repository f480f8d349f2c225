"""What a pod asks of the nodes of a resource: how much of how many devices, and of which classes."""

import pytest

from placement.inventory import Hold, NodeInventory
from placement.requirements import Requirements
from placement.scheduling.pools import Pools, pool_of
from placement.scheduling.tasks import WHOLE, Task
from placement.selection import NAME_FIELD, Expression, NodeSelection, Operator, Term
from placement.shares import SHARES
from tests.builders import NVIDIA, inventory

MODEL = "example.com/model"
HUGE = 2**62


def asking(resource: str, amount: int, cpu: int = 0, selection: NodeSelection | None = None) -> Requirements:
    """Return what a pod asks."""
    accelerators = {resource: amount} if amount else {}
    return Requirements({"cpu": cpu, **accelerators}, accelerators, selection or NodeSelection({}))


@pytest.mark.parametrize(
    ("amount", "task"),
    [
        (0, Task(500)),
        (190, Task(500, 1, 190)),
        (1000, Task(500, 1)),
        (3000, Task(500, 3)),
    ],
)
def test_shares_are_parts_of_one_device_or_whole_ones(amount: int, task: Task) -> None:
    """In thousandths of a device."""
    pool = pool_of(SHARES, [NodeInventory("a", allocatable={SHARES: 4000})])

    assert pool.task_of(asking(SHARES, amount, 500)) == task


def test_an_amount_that_cannot_be_divided_fits_nowhere() -> None:
    """One and a half devices."""
    pool = pool_of(SHARES, [NodeInventory("a", allocatable={SHARES: 1024 * WHOLE})])

    assert not pool.fits(pool.task_of(asking(SHARES, 1500))).any()


def carrying(name: str, model: str, *classes: str) -> NodeInventory:
    """Return a node of these classes."""
    return NodeInventory(name, {MODEL: model}, allocatable={NVIDIA: 8}, classes=classes)


def classes_for(selection: NodeSelection, *nodes: NodeInventory) -> tuple[str, ...]:
    """Return the classes to which a selection limits a pod."""
    return pool_of(NVIDIA, nodes).task_of(asking(NVIDIA, 1, selection=selection)).classes


def test_a_selection_by_label_limits_a_pod_to_the_classes_of_the_nodes_that_it_admits() -> None:
    """One that admits all of them, or says nothing, limits nothing."""
    nodes = [carrying("a", "h100", "h100"), carrying("b", "l4", "l4"), carrying("c", "t4", "t4")]
    of_model = Expression(MODEL, Operator.IN, ("h100", "l4"))

    assert classes_for(NodeSelection({MODEL: "l4"}), *nodes) == ("l4",)
    assert classes_for(NodeSelection({}, (Term((of_model,)),)), *nodes) == ("h100", "l4")
    assert classes_for(NodeSelection({}, (Term((Expression(MODEL, Operator.EXISTS),)),)), *nodes) == ()
    assert classes_for(NodeSelection({}), *nodes) == ()


def test_a_class_that_the_refused_nodes_carry_too_says_nothing() -> None:
    """Of overlapping classes the one that tells the nodes apart counts; where none does, all of theirs."""
    apart = [carrying("a", "h100", "any", "h100"), carrying("b", "l4", "any", "l4")]
    inside = [carrying("a", "h100", "any"), carrying("b", "l4", "any", "l4")]

    assert classes_for(NodeSelection({MODEL: "l4"}), *apart) == ("l4",)
    assert classes_for(NodeSelection({MODEL: "h100"}), *inside) == ("any",)


def test_a_selection_that_no_class_tells_apart_limits_nothing() -> None:
    """Nodes of one class may still differ in labels."""
    nodes = [carrying("a", "h100", "h100"), carrying("b", "h100", "h100")]

    assert classes_for(NodeSelection({MODEL: "l4"}), *nodes) == ()


def test_a_pod_that_names_its_node_is_expected_to_run_on_that_class_or_anywhere() -> None:
    """Never on a class of which it refuses every node."""
    nodes = [carrying("a", "h100", "h100"), carrying("b", "l4", "l4")]
    named = Term((), (Expression(NAME_FIELD, Operator.IN, ("b",)),))

    assert classes_for(NodeSelection({}, (named,)), *nodes) == ("l4",)


def test_a_class_that_no_node_carries_any_longer_limits_nothing() -> None:
    """A node that was of another class before is remembered as what it is."""
    one, other = carrying("a", "h100", "h100"), carrying("b", "l4", "l4")
    pools = Pools()
    for each in (inventory(one, other), inventory(one, carrying("b", "h100", "h100"))):
        pools.follow(each)
        pool = pools.of(NVIDIA)

    assert pool.task_of(asking(NVIDIA, 1, selection=NodeSelection({MODEL: "h100"}))).classes == ()


def test_amounts_beyond_all_reason_break_no_arithmetic() -> None:
    """Somebody will write an exabyte for a gibibyte, and a quintillion of GPUs."""
    amounts = {"cpu": HUGE, "memory": HUGE, NVIDIA: HUGE, SHARES: HUGE}
    node = NodeInventory("a", allocatable=amounts).hold(Hold("a", {"cpu": 2 * HUGE, "memory": 3 * HUGE}))
    pools = Pools()
    pools.follow(inventory(node, NodeInventory("b", allocatable={"cpu": 1000, NVIDIA: 8, SHARES: 1000})))

    for resource in (NVIDIA, SHARES):
        pool = pools.of(resource)
        assert (pool.fleet.idle >= 0).all()
        assert (pool.fleet.cpu >= 0).all()
        assert not pool.fits(pool.task_of(asking(resource, HUGE, cpu=HUGE)))[1]

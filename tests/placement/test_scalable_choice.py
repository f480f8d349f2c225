"""Choosing between classes that have nodes and classes that can get some."""

from dataclasses import replace

from placement.admission import Admission, admit
from placement.asking.profiles import Profile
from placement.inventory import Hold, Inventory
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NodeSupply
from placement.selection import Expression, NodeSelection, Operator, Term
from tests.builders import CATALOG, H100, INVENTORY, L4, NVIDIA, PRODUCT, inventory, node, pod, world

OWN = "example.com/accelerator"
DRIVER, READABLE = (Term((Expression(key, Operator.IN, ("b200",)),)) for key in (PRODUCT, OWN))
B200 = replace(H100, name="b200", selection=NodeSelection({}, (DRIVER, READABLE)))
CLASSES = replace(CATALOG, classes={"b200": B200, "h100": H100, "l4": L4})
POOL = NodePool("gpu", labels={OWN: "b200"})
SUPPLY = NodeSupply((POOL,))
PREFERRING = Profile("p", preferred=("h100", "b200", "l4"))


def _admitted(nodes: Inventory, supply: NodeSupply = SUPPLY, **more: object) -> Admission:
    parts: dict[str, object] = {"catalog": CLASSES, "inventory": nodes, "supply": supply, **more}
    return admit(pod(), {}, world(PREFERRING, **parts))


def _eligible(verdict: Admission) -> list[str]:
    assert verdict.choice is not None
    return [each.name for each in verdict.choice.eligible]


def _full(*names: str) -> Inventory:
    held = [
        INVENTORY.nodes[name].hold(Hold(name, {NVIDIA: INVENTORY.nodes[name].allocatable[NVIDIA]})) for name in names
    ]
    return Inventory({**INVENTORY.nodes, **{each.name: each for each in held}})


def test_a_class_without_nodes_is_eligible_where_a_pool_makes_some() -> None:
    """The term that the pool can be read by comes first; without the pool nobody carries the class."""
    verdict = _admitted(inventory())

    assert _eligible(verdict) == ["b200"]
    assert verdict.mutation.terms == (READABLE, DRIVER)
    assert "no node carries it" in _admitted(inventory(), NodeSupply()).warnings[1]


def test_who_reads_why_no_pool_will_do() -> None:
    """In Karpenter's words."""
    other = NodeSupply((replace(POOL, labels={}),))
    reasons = _admitted(inventory(), other).warnings

    assert any(f"b200: no node carries it; Karpenter knows no values for {PRODUCT}" in each for each in reasons)


def test_room_that_is_there_comes_before_nodes_that_could_be_made() -> None:
    """A preferred class that would have to wait for a node stands behind one with room."""
    assert _eligible(_admitted(_full("h100-0"))) == ["l4", "h100", "b200"]


def test_nodes_that_could_be_made_come_before_waiting_for_a_full_class() -> None:
    """Where no class has room, and in the order of preference otherwise; the record says so."""
    verdict = _admitted(_full("h100-0", "l4-0"))

    assert _eligible(verdict) == ["b200", "l4", "h100"]
    assert verdict.choice is not None
    assert verdict.choice.passed == {"h100"}
    assert _eligible(_admitted(_full("h100-0", "l4-0"), NodeSupply())) == ["h100", "l4"]


def test_a_full_class_that_can_get_nodes_keeps_its_place() -> None:
    """It need not wait either."""
    both = NodeSupply((POOL, replace(POOL, name="h", labels={PRODUCT: "H100"})))

    assert _eligible(_admitted(_full("h100-0", "l4-0"), both))[0] == "h100"


def test_nodes_of_another_size_are_not_expected() -> None:
    """What the class's nodes are too small for, a new one is too."""
    small = inventory(node("b", B200, 2))
    asking = pod(replace(pod().containers[0], limits={NVIDIA: "4"}))
    verdict = admit(asking, {}, world(PREFERRING, catalog=CLASSES, inventory=small, supply=SUPPLY))

    assert any("its largest node has 2" in each for each in verdict.warnings)


def test_a_pod_that_names_its_node_waits_for_no_other() -> None:
    """It cannot stand on a node that is made."""
    verdict = admit(pod(node="n"), {}, world(PREFERRING, catalog=CLASSES, inventory=inventory(), supply=SUPPLY))

    assert verdict.is_unfit

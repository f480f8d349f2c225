"""Grades on the scale of kube-scheduler's extenders, against the scores of the decision."""

from hypothesis import given
from hypothesis import strategies as st

from placement.inventory import Inventory, NodeInventory
from placement.requirements import Requirements
from placement.scheduling.decisions import Score
from placement.scheduling.policy import Chooser
from tests.placement.clusters import asking, gpu_node, inventories, inventory_of, questions
from tests.placement.scheduling.asking import requirements
from tests.placement.scheduling.editing import Edit, changed, edits


def doubts(score: Score) -> tuple[int, int, int, int]:
    """Return what decides before fragmentation does."""
    return score.sick, score.unknown, score.contended, score.later_class


def assert_lawful(asked: Requirements, inventory: Inventory, names: list[str], sick: frozenset[str]) -> None:
    """0 to 10; every candidate has one; ten for the best and its ties alone; less cost never gets less."""
    chooser = Chooser()
    candidates = chooser.decide(asked, inventory, names, sick=sick).candidates
    graded = chooser.grade(asked, inventory, names, sick)

    assert sorted(graded) == sorted(each.node for each in candidates)
    for each in candidates:
        best = candidates[0].score
        assert (graded[each.node] == 10) == (each.score == best)
        assert 0 <= graded[each.node] <= (10 if each.score == best else 9)
        if doubts(each.score) != doubts(best):
            assert graded[each.node] == 0
        for other in candidates:
            if doubts(each.score) == doubts(other.score) == doubts(best) and graded[other.node] < 10:
                assert graded[each.node] >= graded[other.node] or each.score.cost >= other.score.cost


@given(inventories(), questions, st.data())
def test_grades_keep_their_laws(inventory: Inventory, asked: Requirements, data: st.DataObject) -> None:
    """On nodes of one resource, with pods in flight, replicas and sick nodes."""
    names = [*data.draw(st.lists(st.sampled_from(list(inventory.nodes)), unique=True)), "NEW"]
    sick = data.draw(st.frozensets(st.sampled_from([*inventory.nodes, "NEW"]), max_size=2))

    assert_lawful(asked, inventory, names, sick)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), edits), max_size=12),
    requirements,
    st.frozensets(st.sampled_from("abx")),
)
def test_grades_keep_their_laws_whatever_nodes_are(
    drawn: list[tuple[str, Edit]], asked: Requirements, sick: frozenset[str]
) -> None:
    """Shares, several resources, open classes, closed nodes."""
    inventory = Inventory()
    for name, edit in drawn:
        inventory = changed(inventory, name, edit)

    assert_lawful(asked, inventory, [*inventory.nodes, "x"], sick)


def test_the_best_of_one_pool_is_not_the_best_of_all() -> None:
    """Where pods that ask for no accelerator may go to nodes of several kinds."""
    others = NodeInventory("others", allocatable={"cpu": 48_000, "pods": 110, "amd.com/gpu": 1})
    inventory = inventory_of([gpu_node("many"), others])

    graded = Chooser().grade(Requirements({"cpu": 32_000, "pods": 1}, {}), inventory, inventory.nodes)

    assert min(graded.values()) < max(graded.values()) == 10


def test_grades_fall_with_what_nodes_cost() -> None:
    """The dearest gets nothing, unless all cost the same."""
    inventory = inventory_of([gpu_node("one", 1), gpu_node("started", held=4), gpu_node("idle")])
    graded = Chooser().grade(asking(1), inventory, inventory.nodes)

    assert (graded["one"], graded["idle"]) == (10, 0)
    assert 0 < graded["started"] < 10
    assert Chooser().grade(asking(1), inventory, []) == {}

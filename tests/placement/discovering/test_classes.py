"""Laws of discovery: which nodes a class selects, and what does not matter."""

from itertools import chain
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from placement.discovering.discovery import classes_of, read
from placement.discovering.readings import DiscoveredClass
from placement.discovering.selecting import MAX_TERMS, MAX_VALUES
from placement.inventory import NodeInventory
from placement.selection import NodeSelection
from tests.placement.discovering import nodes
from tests.placement.discovering.nodes import node

# A partition that no label tells of cannot be selected by labels.
_TOLD_BY_RESOURCES = {"mi300x-cpx-mixed"}
_KINDS = sorted(nodes.EVERY.keys() - _TOLD_BY_RESOURCES)


@st.composite
def clusters(draw: st.DrawFn) -> list[NodeInventory]:
    """Nodes of any kinds, some of which lost some of their labels, or have those of a second kind as well."""
    kinds = draw(st.lists(st.tuples(st.sampled_from(_KINDS), st.sampled_from(_KINDS)), min_size=1, max_size=8))
    return [_node(draw, f"n{number}", *each) for number, each in enumerate(kinds)]


def _node(draw: st.DrawFn, name: str, kind: str, second: str) -> NodeInventory:
    labels, amounts = nodes.EVERY[kind]
    match draw(st.sampled_from(("whole", "whole", "truncated", "both"))):
        case "truncated" if labels:
            lost = draw(st.sets(st.sampled_from(sorted(labels)), max_size=3))
            return node(name, ({key: labels[key] for key in labels if key not in lost}, amounts))
        case "both":
            more, beside = nodes.EVERY[second]
            most = {key: max(amounts.get(key, 0), beside.get(key, 0)) for key in {*amounts, *beside}}
            return node(name, ({**labels, **more}, most))
    return node(name, (labels, amounts))


def discovered(found: list[NodeInventory]) -> tuple[DiscoveredClass, ...]:
    """Return the classes of a cluster."""
    return classes_of({*chain.from_iterable(map(read, found))})


def selections(found: list[NodeInventory]) -> dict[str, NodeSelection]:
    """Return how each class of a cluster selects its nodes."""
    return {each.name: each.accelerator_class.selection for each in discovered(found)}


@settings(max_examples=100)
@given(found=clusters())
def test_each_node_is_selected_by_the_classes_that_it_was_read_for_and_no_others(found: list[NodeInventory]) -> None:
    """Whatever else there is in the cluster, with labels missing and of two kinds in one node."""
    classes = selections(found)

    for each in found:
        selecting = {name for name, selection in classes.items() if selection.admits(each.labels, each.name)}
        assert selecting == {reading.name for reading in read(each)} - {""}


@settings(max_examples=25)
@given(found=clusters(), order=st.randoms(use_true_random=False))
def test_the_order_of_nodes_does_not_matter(found: list[NodeInventory], order: Random) -> None:
    """The same cluster has the same classes."""
    shuffled = list(found)
    order.shuffle(shuffled)

    assert discovered(shuffled) == discovered(found)


@settings(max_examples=25)
@given(found=clusters(), more=clusters())
def test_classes_keep_their_names_and_nature_when_nodes_are_added(
    found: list[NodeInventory], more: list[NodeInventory]
) -> None:
    """Only how they select their nodes may change, and what further nodes of theirs do not have."""
    before, after = selections(found), selections(found + more)

    assert before.keys() <= after.keys()


def test_a_class_says_no_more_of_its_nodes_than_the_others_make_needed() -> None:
    """One label, while there is nothing to keep out."""
    alone = selections([node("a", nodes.l4())])
    beside = selections([node("a", nodes.l4()), node("b", nodes.t4()), node("c", nodes.amd()), node("d", ({}, {}))])

    assert alone["nvidia-l4"] == beside["nvidia-l4"] == NodeSelection({f"{nodes.GPU}.product": "NVIDIA-L4"})


def test_nodes_with_and_without_feature_discovery_are_one_class() -> None:
    """Each sort is an alternative."""
    found = selections([node("a", nodes.l4()), node("b", nodes.gke()), node("c", nodes.karpenter_aws("l4", 22888))])

    assert [len(each.terms) for each in found.values()] == [3]


def test_what_the_definition_cannot_take_is_not_written() -> None:
    """More spellings than one list takes are several lists, as many as are allowed."""
    spelled = [
        "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate("nvidia-tesla-t4"))
        for number in range(2**11)
    ]
    found = selections([node(text, nodes.t4(text)) for text in spelled])

    terms = found["nvidia-t4"].terms
    assert len(terms) == MAX_TERMS
    assert max(len(each.values) for term in terms for each in term.expressions) == MAX_VALUES

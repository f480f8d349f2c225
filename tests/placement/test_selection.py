"""Node selectors and node affinity as one value."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.selection import NOWHERE, Expression, NodeSelection, Operator, Term, narrowed

keys = st.sampled_from(["product", "memory", "zone"])
values = st.sampled_from(["h100", "l4", "40", "80", "8_0"])
labels = st.dictionaries(keys, values)
names = st.sampled_from(["node-1", "node-2"])
many_values = st.lists(values, min_size=1, max_size=3).map(tuple)
expressions = st.one_of(
    st.builds(Expression, keys, st.sampled_from([Operator.IN, Operator.NOT_IN]), many_values),
    st.builds(Expression, keys, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
    st.builds(Expression, keys, st.sampled_from([Operator.GT, Operator.LT]), st.tuples(values)),
)
name_fields = st.builds(Expression, st.just("metadata.name"), st.just(Operator.IN), st.tuples(names))
terms = st.builds(Term, st.lists(expressions, max_size=3).map(tuple), st.lists(name_fields, max_size=1).map(tuple))
term_lists = st.lists(terms, max_size=3, unique=True).map(tuple)
selections = st.builds(NodeSelection, labels, term_lists)


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "admits"),
    [
        (Operator.IN, ("a", "b"), "b", True),
        (Operator.IN, ("a",), None, False),
        (Operator.NOT_IN, ("a",), "b", True),
        (Operator.NOT_IN, ("a",), "a", False),
        (Operator.NOT_IN, ("a",), None, True),
        (Operator.EXISTS, (), "", True),
        (Operator.EXISTS, (), None, False),
        (Operator.DOES_NOT_EXIST, (), None, True),
        (Operator.DOES_NOT_EXIST, (), "a", False),
        (Operator.GT, ("40000",), "81559", True),
        (Operator.GT, ("81559",), "81559", False),
        (Operator.LT, ("9",), "10", False),
        (Operator.LT, ("10",), "9", True),
        (Operator.GT, ("1",), None, False),
        (Operator.GT, ("1",), "many", False),
        (Operator.GT, ("1",), "1_000", False),
        (Operator.GT, ("few",), "3", False),
        (Operator.GT, (str(-(2**63)),), str(2**63 - 1), True),
        (Operator.LT, (str(2**63),), "3", False),
        (Operator.LT, ("9" * 5000,), "3", False),
        (Operator.GT, (), "3", False),
    ],
)
def test_an_operator_judges_a_label_as_kubernetes_does(
    operator: Operator,
    wanted: tuple[str, ...],
    found: str | None,
    admits: bool,  # noqa: FBT001
) -> None:
    """Numbers compare as numbers, an absent label meets NotIn, and what is no integer meets neither Gt nor Lt."""
    node_labels = {} if found is None else {"key": found}

    assert Expression("key", operator, wanted).admits(node_labels) is admits


@given(labels, names)
def test_a_term_that_says_nothing_matches_no_node(node_labels: Mapping[str, str], name: str) -> None:
    """Kubernetes' rule for an empty term, alone or among others."""
    assert not NOWHERE.admits(node_labels, name)
    assert not NodeSelection({}, (NOWHERE,)).admits(node_labels, name)


@given(terms, terms, labels, names)
def test_anding_terms_admits_what_both_admit(one: Term, other: Term, node_labels: Mapping[str, str], name: str) -> None:
    """The law of `&`."""
    together = one.admits(node_labels, name) and other.admits(node_labels, name)

    assert (one & other).admits(node_labels, name) == together


@given(terms, terms, labels, names)
def test_a_term_that_implies_another_admits_less(
    one: Term, other: Term, node_labels: Mapping[str, str], name: str
) -> None:
    """What the one admits, the other admits too."""
    if one.implies(other) and one.admits(node_labels, name):
        assert other.admits(node_labels, name)


@given(selections, labels, names)
def test_a_selection_written_as_terms_selects_the_same_nodes(
    selection: NodeSelection, node_labels: Mapping[str, str], name: str
) -> None:
    """Equality labels become expressions of every term, and nothing becomes wider."""
    rewritten = NodeSelection({}, selection.as_terms())

    assert rewritten.admits(node_labels, name) == selection.admits(node_labels, name)


@given(term_lists, term_lists, labels, names)
def test_narrowed_terms_admit_what_both_sides_admit(
    mine: tuple[Term, ...], others: tuple[Term, ...], node_labels: Mapping[str, str], name: str
) -> None:
    """The cross product: terms are ORed, so ANDing two lists multiplies them."""
    sides = [NodeSelection({}, side).admits(node_labels, name) for side in (mine, others)]

    assert NodeSelection({}, narrowed(mine, others)).admits(node_labels, name) == all(sides)


@given(term_lists, term_lists)
def test_narrowing_twice_is_narrowing_once(mine: tuple[Term, ...], others: tuple[Term, ...]) -> None:
    """A pod that is mutated again keeps its terms."""
    once = narrowed(mine, others)

    assert narrowed(once, others) == once


@given(selections, selections, labels, names)
def test_selections_that_contradict_share_no_node(
    one: NodeSelection, other: NodeSelection, node_labels: Mapping[str, str], name: str
) -> None:
    """A class that contradicts the pod's own labels is no choice."""
    if one.contradiction(other):
        assert not (one.admits(node_labels, name) and other.admits(node_labels, name))


def test_a_contradiction_names_the_label() -> None:
    """In words a person can look for."""
    assert NodeSelection({"gpu": "h100"}).contradiction(NodeSelection({"gpu": "l4"})) == "gpu=h100"
    assert NodeSelection({"gpu": "h100"}).contradiction(NodeSelection({"zone": "a"})) is None


def test_an_expression_reads_like_a_sentence() -> None:
    """For explanations."""
    assert str(Expression("zone", Operator.IN, ("a", "b"))) == "zone In a,b"
    assert str(Expression("zone", Operator.EXISTS)) == "zone Exists"

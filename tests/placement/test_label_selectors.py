from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from placement.label_selectors import LabelSelector
from placement.selection import Expression, Operator

KEYS, VALUES = ("a", "b"), ("1", "2", "3")
EQUAL = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
LISTED = st.builds(
    Expression,
    st.sampled_from(KEYS),
    st.sampled_from((Operator.IN, Operator.NOT_IN)),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=3).map(tuple),
)
BARE = st.builds(Expression, st.sampled_from(KEYS), st.sampled_from((Operator.EXISTS, Operator.DOES_NOT_EXIST)))
SELECTORS = st.builds(LabelSelector, EQUAL, st.lists(LISTED | BARE, max_size=3).map(tuple))

# Every way in which two labels may stand on an object, with a value that no selector names.
OBJECTS = [
    {key: value for key, value in zip(KEYS, values, strict=True) if value}
    for values in product(("", *VALUES, "other"), repeat=2)
]


@given(SELECTORS, SELECTORS)
def test_selectors_overlap_where_some_object_is_selected_by_both(one: LabelSelector, other: LabelSelector) -> None:
    """Tried on every object that there can be."""
    shared = any(one.selects(each) and other.selects(each) for each in OBJECTS)

    assert one.overlaps(other) == other.overlaps(one) == shared


@given(SELECTORS, SELECTORS)
def test_selectors_with_the_same_conditions_select_the_same(one: LabelSelector, other: LabelSelector) -> None:
    """And what has all conditions of another selects nothing that the other does not."""
    if one.conditions >= other.conditions:
        assert all(other.selects(each) for each in OBJECTS if one.selects(each))


def test_equality_and_in_are_the_same_condition() -> None:
    """However it is written, in whatever order."""
    written = [
        LabelSelector({"a": "1"}),
        LabelSelector({}, (Expression("a", Operator.IN, ("1",)),)),
        LabelSelector({"a": "1"}, (Expression("a", Operator.IN, ("1", "1")),)),
    ]

    assert all(one.conditions == other.conditions for one, other in combinations(written, 2))


def test_large_selectors_are_compared_at_once() -> None:
    """As large as the definition lets them be, all about one label."""
    values = [tuple(str(number) for number in range(first, first + 64)) for first in range(16)]
    listed = LabelSelector({}, tuple(Expression("a", Operator.IN, each) for each in values))
    left_out = LabelSelector({}, tuple(Expression("a", Operator.NOT_IN, each) for each in values))

    assert listed.overlaps(listed)
    assert not listed.overlaps(left_out)

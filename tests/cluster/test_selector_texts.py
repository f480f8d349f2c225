from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.selector_texts import label_selector

LABELS = {"team": "a", "stage": "prod", "empty": ""}


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("", True),
        ("team=a", True),
        ("team==a,stage = prod", True),
        ("team=b", False),
        ("team!=b, other != x", True),
        ("stage in (test, prod)", True),
        ("stage notin (test,prod)", False),
        ("team,!legacy", True),
        ("! team", False),
        ("empty=", True),
        ("kubernetes.io/metadata.name in (ml)", False),
    ],
)
def test_a_selector_means_what_kubectl_means_by_it(text: str, *, selects: bool) -> None:
    """The text of an annotation selects namespaces as `kubectl get -l` selects objects."""
    assert label_selector(text).selects(LABELS) is selects


@pytest.mark.parametrize("text", ["team=a stage=b", "in (a", "team=a,,b", "=a", "team in a", "-x=a", "team=a b"])
def test_what_is_no_selector_is_refused_with_the_text(text: str) -> None:
    """Nobody gets a class because of a typing error in its selector."""
    with pytest.raises(ValueError, match=r"selector|label|must|key"):
        label_selector(text)


@given(st.text("ab=!,() in", max_size=20))
def test_no_text_breaks_it(text: str) -> None:
    """It is a selector, or it is refused."""
    with suppress(ValueError):
        assert label_selector(text).selects(LABELS) in (True, False)

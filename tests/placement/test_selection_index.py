"""Many selections and a node: only some need be looked at."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, Catalog
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.selection_index import SelectionIndex
from tests.placement.test_selection import labels, names, selections

catalogs = st.lists(selections, max_size=8).map(
    lambda each: Catalog({f"c{n}": AcceleratorClass(f"c{n}", selection) for n, selection in enumerate(each)})
)


@given(catalogs, labels, names)
def test_a_node_carries_what_each_class_by_itself_says(
    catalog: Catalog, node_labels: Mapping[str, str], name: str
) -> None:
    """The index leaves out none that admits the node."""
    naive = sorted(key for key, each in catalog.classes.items() if each.carried_by(node_labels, name))

    assert list(catalog.carried_by(node_labels, name)) == naive


def test_of_many_classes_hardly_any_is_a_candidate() -> None:
    """Equality and In count alike, and a label that all share tells none apart."""
    present = Expression("present", Operator.IN, ("true",))
    plain = {f"plain-{number}": NodeSelection({"present": "true", "product": f"p{number}"}) for number in range(1000)}
    listed = {
        f"listed-{number}": NodeSelection(
            {}, (Term((present, Expression("product", Operator.IN, (f"p{number}", f"p{number}-SHARED")))),)
        )
        for number in range(1000)
    }
    vague = {"vague": NodeSelection({}, (Term((Expression("memory", Operator.GT, ("40000",)),)),))}
    index = SelectionIndex(plain | listed | vague)

    found = index.candidates({"present": "true", "product": "p7", "zone": "a"})

    assert found == {"plain-7", "listed-7", "vague"}

"""The tables of scaling.md are those of the code."""

import re

import pytest

from placement.scaling.node_groups import NodeGroup
from placement.scaling.well_known import PROVIDERS, well_known
from placement.selection import Expression, Operator, Term
from tests.docs.pages import codes, page, rows

PAGE = page("scaling.md")
# That of the sandbox is nobody's cloud.
CLOUDS = sorted({*PROVIDERS} - {"karpenter.kwok.sh"})
GROUPS = {
    "eks.amazonaws.com/nodegroup": "eks-gpu-9cc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11",
    "cloud.google.com/gke-nodepool": "gke-CLUSTER-gpu-1a2b3c4d-grp",
    "kubernetes.azure.com/agentpool": "aks-gpu-12345678-vmss",
}


def test_every_provider_has_its_row() -> None:
    """By the API group of its node classes, behind the row of what all know."""
    listed = [codes(provider) for provider, _ in rows(PAGE, "node class of the pool")]

    assert sorted(name for names in listed for name in names) == CLOUDS


@pytest.mark.parametrize("row", rows(PAGE, "node class of the pool"), ids=lambda row: row[0])
def test_labels_that_karpenter_knows_are_those_of_the_code(row: list[str]) -> None:
    """Whole ones, and those that are told by their ends."""
    provider = (codes(row[0]) or ["any"])[0]
    known = well_known(provider)
    (beginning, *_), names = ([*re.findall(r"`([^`]+)\*`", row[1]), ""], codes(row[1]))
    whole = {name if "/" in name else beginning + name for name in names if not name.endswith(("*", "-"))}

    assert whole <= known
    assert provider != "any" or whole == known


def test_labels_of_node_groups_are_those_of_the_code() -> None:
    """Each names the group that the row describes."""
    told = [codes(label)[0].partition(": ") for _, label, _ in rows(PAGE, "cloud")]
    terms = {key: Term((Expression(key, Operator.IN, (value,)),)) for key, _, value in told}

    assert terms.keys() == GROUPS.keys()
    assert all(NodeGroup(GROUPS[key], 1).is_named_by(term) for key, term in terms.items())

"""Which classes autoscalers can make nodes of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, DeviceResource
from placement.injecting.injection import alternatives
from placement.scaling.label_values import values_of
from placement.scaling.node_groups import NodeGroup
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NodeSupply, obstacles, ordered, supplier, unreadable_terms
from placement.selection import NAME_FIELD, Expression, NodeSelection, Operator, Term
from placement.taints import Taint, Toleration
from tests.builders import NVIDIA, PRODUCT, pod

GPU_NAME = "karpenter.k8s.aws/instance-gpu-name"
GPU_MEMORY = "karpenter.k8s.aws/instance-gpu-memory"
FAMILY = "karpenter.k8s.aws/instance-family"
OWN = "example.com/accelerator"
AWS = NodePool("gpu", "karpenter.k8s.aws", ("EC2NodeClass", "default"))
EKS_GROUP = "eks-h100-9cc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11"
MIG = "https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/gke-prod-h100-1a2b3c4d-grp"


def _in(key: str, *values: str) -> Expression:
    return Expression(key, Operator.IN, values)


def _term(*expressions: Expression) -> Term:
    return Term(expressions)


def _class(*terms: Term, labels: dict[str, str] | None = None) -> AcceleratorClass:
    return AcceleratorClass("h100", NodeSelection(labels or {}, terms), listed_resources=(DeviceResource(NVIDIA),))


def _who(candidate: AcceleratorClass, *pools: NodePool, **more: object) -> str | None:
    found = supplier(candidate, NodeSupply(ordered(pools)), **more)  # type: ignore[arg-type]
    return str(found) if found else None


VALUES = st.sampled_from(["a", "b", "7", "8", "9", "-3", "08"])
EXPRESSIONS = st.one_of(
    st.builds(
        lambda operator, values: Expression("k", operator, tuple(values)),
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.lists(VALUES, min_size=1, max_size=3),
    ),
    st.sampled_from([Expression("k", Operator.EXISTS), Expression("k", Operator.DOES_NOT_EXIST)]),
    st.builds(
        lambda operator, bound: Expression("k", operator, (str(bound),)),
        st.sampled_from([Operator.GT, Operator.LT]),
        st.integers(-5, 12),
    ),
)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), VALUES)
def test_what_a_node_may_carry_is_what_kubernetes_admits(expressions: list[Expression], value: str) -> None:
    """A pool with one value of a label and a term on it go together where the node to be made meets the term."""
    known = replace(AWS, labels={"k": value})

    assert (known.mismatch(Term(tuple(expressions))) is None) == all(each.admits({"k": value}) for each in expressions)


@given(st.lists(EXPRESSIONS, max_size=3), st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_whether_a_pool_and_a_term_go_together_does_not_depend_on_the_side(
    requirements: list[Expression], wanted: list[Expression]
) -> None:
    """Both narrow the values of the label."""
    one, other = values_of(requirements).get("k"), values_of(wanted)["k"]
    if one is not None:
        assert one & other == other & one


def test_a_label_that_only_drivers_write_cannot_be_read() -> None:
    """Karpenter's own words: it does not have known values."""
    candidate = _class(labels={PRODUCT: "H100"})
    supply = NodeSupply((AWS,))

    assert supplier(candidate, supply) is None
    (said,) = unreadable_terms(candidate, supply)
    assert said.startswith(f"Karpenter knows no values for {PRODUCT}: add an alternative term with {GPU_NAME}")
    assert obstacles(candidate, supply) == (said,)


def test_one_term_that_can_be_read_will_do() -> None:
    """Whether an instance type has the GPU is not seen, and is said so."""
    candidate = _class(_term(_in(PRODUCT, "H100")), _term(_in(GPU_NAME, "h100")))
    found = supplier(candidate, NodeSupply((AWS,)))

    assert found is not None
    assert (str(found), found.open_keys) == ("NodePool gpu", (GPU_NAME,))
    assert unreadable_terms(candidate, NodeSupply((AWS,))) == ()


def test_a_pools_own_labels_are_read_and_prove_it() -> None:
    """Nothing is left open."""
    labelled = replace(AWS, labels={OWN: "h100"}, requirements=(_in(FAMILY, "p5"),))
    found = supplier(_class(labels={OWN: "h100"}), NodeSupply((labelled,)))

    assert found is not None
    assert found.open_keys == ()
    assert _who(_class(labels={OWN: "a100"}), labelled) is None
    assert _who(_class(labels={"karpenter.sh/nodepool": "gpu"}), labelled) == "NodePool gpu"
    assert _who(_class(labels={"karpenter.sh/nodepool": "cpu"}), labelled) is None


@pytest.mark.parametrize(
    ("requirement", "wanted", "meets"),
    [
        (_in(GPU_NAME, "l4", "h100"), _in(GPU_NAME, "h100"), True),
        (_in(GPU_NAME, "l4"), _in(GPU_NAME, "h100"), False),
        (Expression(GPU_NAME, Operator.NOT_IN, ("h100",)), _in(GPU_NAME, "h100"), False),
        (Expression(GPU_NAME, Operator.DOES_NOT_EXIST), Expression(GPU_NAME, Operator.EXISTS), False),
        (Expression(GPU_MEMORY, Operator.LT, ("40000",)), Expression(GPU_MEMORY, Operator.GT, ("79999",)), False),
        (Expression(GPU_MEMORY, Operator.GT, ("40000",)), Expression(GPU_MEMORY, Operator.GT, ("79999",)), True),
        (_in(OWN, "x"), Expression(OWN, Operator.EXISTS), True),
        (_in(FAMILY, "p5"), Expression(PRODUCT, Operator.NOT_IN, ("H200",)), True),
        (_in("kubernetes.io/arch", "arm64"), _in("beta.kubernetes.io/arch", "amd64"), False),
    ],
)
def test_a_pools_requirements_limit_what_it_makes(requirement: Expression, wanted: Expression, *, meets: bool) -> None:
    """In the sense of Karpenter's Compatible."""
    found = _who(_class(_term(wanted)), replace(AWS, requirements=(requirement,)))

    assert (found == "NodePool gpu") is meets


def test_a_term_on_a_name_gets_no_new_node() -> None:
    """A node that is made has another name."""
    named = Term((_in(GPU_NAME, "h100"),), (Expression(NAME_FIELD, Operator.IN, ("n",)),))

    assert _who(_class(named), AWS) is None


@pytest.mark.parametrize("provider", ["karpenter.azure.com", "karpenter.k8s.gcp", "example.com"])
def test_each_provider_knows_its_own_labels(provider: str) -> None:
    """AWS' label says nothing elsewhere, the zone something everywhere."""
    elsewhere = replace(AWS, provider=provider)

    assert _who(_class(_term(_in(GPU_NAME, "h100"))), elsewhere) is None
    assert _who(_class(_term(_in("topology.kubernetes.io/zone", "z"))), elsewhere) == "NodePool gpu"


@pytest.mark.parametrize(
    "hindered",
    [
        {"closed": frozenset({NVIDIA})},
        {"closed": frozenset({"cpu"})},
        {"taints": (Taint("team", "a"),)},
        {"hindrance": "is not ready: NodeClassNotReady"},
    ],
    ids=str,
)
def test_a_pool_that_makes_no_nodes_is_nobodys_supplier(hindered: dict[str, object]) -> None:
    """A limit of nothing, a taint that nothing tolerates, or a pool that Karpenter passes over; and it is told why."""
    candidate, pool = _class(labels={OWN: "h100"}), replace(AWS, labels={OWN: "h100"})
    barred = replace(pool, name="barred", **hindered)  # type: ignore[arg-type]

    assert _who(candidate, barred) is None
    assert obstacles(candidate, NodeSupply((barred,)))[0].startswith("NodePool barred ")
    assert _who(candidate, pool, barred) == "NodePool gpu"


def test_a_pods_own_wishes_count() -> None:
    """Its selector must be met by the node too, and its tolerations help."""
    candidate = _class(labels={OWN: "h100"})
    pool = replace(AWS, labels={OWN: "h100"}, taints=(Taint(NVIDIA, "present"), Taint("team", "a")))
    tolerant = pod(tolerations=(Toleration("team", "Exists"),))
    picky = replace(tolerant, selection=NodeSelection({"disk": "nvme"}))

    assert _who(candidate, pool) is None
    assert _who(candidate, pool, pod=tolerant) == "NodePool gpu"
    assert _who(candidate, pool, pod=picky) is None


def test_the_heaviest_pool_is_asked_first() -> None:
    """As Karpenter does it; then by name."""
    pools = [replace(AWS, name=name, weight=weight) for name, weight in (("b", 0), ("a", 0), ("c", 9))]

    assert [each.name for each in ordered(pools)] == ["c", "a", "b"]


def test_what_is_known_somewhere_is_not_unreadable() -> None:
    """Another value than the pool has is no matter of reading."""
    candidate = _class(labels={OWN: "b200"})
    supply = NodeSupply((replace(AWS, labels={OWN: "h100"}),))

    assert unreadable_terms(candidate, supply) == ()
    assert obstacles(candidate, supply) == (f"NodePool gpu has {OWN} h100, not b200",)


def test_a_class_that_says_that_it_scales_is_not_linted() -> None:
    """Its author knows of an autoscaler that is not seen."""
    assert (
        unreadable_terms(replace(_class(labels={PRODUCT: "H100"}), scalable_from_zero=True), NodeSupply((AWS,))) == ()
    )


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("eks.amazonaws.com/nodegroup", EKS_GROUP),
        ("kubernetes.azure.com/agentpool", "aks-h100-12345678-vmss"),
        ("cloud.google.com/gke-nodepool", MIG),
    ],
)
def test_a_node_group_is_proven_by_its_name(key: str, group: str) -> None:
    """The label that the cloud gives to its nodes is part of it; nothing else of them is seen."""
    supply = NodeSupply(groups=(NodeGroup(group, 4),), has_cluster_autoscaler=True)
    domain = key.partition("/")[0]

    assert str(supplier(_class(labels={key: "h100"}), supply)) == f"node group {group}"
    assert supplier(_class(labels={key: "h100", f"{domain}/x": "y"}), supply) is not None
    for labels in ({key: "100"}, {key: "h200"}, {key: "h100", PRODUCT: "H100"}, {f"{domain}/gke-accelerator": "h100"}):
        assert supplier(_class(labels=labels), supply) is None
    assert supplier(_class(labels={key: "h100"}), NodeSupply(groups=(NodeGroup(group, 0),))) is None
    assert "cluster-autoscaler" in obstacles(_class(labels={PRODUCT: "H100"}), supply)[0]


def test_the_terms_that_the_clusters_pools_can_read_come_first() -> None:
    """Before those that autoscalers know elsewhere, and in their order otherwise."""
    elsewhere, driver, own = (_term(_in(key, "h100")) for key in ("karpenter.azure.com/sku-gpu-name", PRODUCT, OWN))
    candidate = _class(driver, elsewhere, own)

    assert alternatives((candidate,)) == (elsewhere, driver, own)
    assert alternatives((candidate,), NodeSupply((replace(AWS, labels={OWN: "h100"}),))) == (own, elsewhere, driver)

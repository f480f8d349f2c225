import json
from typing import Any

import pytest

from cluster.custom_objects import InvalidObject, accelerator_class, profile
from placement.accelerators import AcceleratorClass, Capabilities, Cost, DeviceResource, Figure
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.taints import Toleration

LABELS = {"nodeSelector": {"gpu": "h100"}}


def class_of(name: str = "h100", **spec: Any) -> AcceleratorClass:
    """Return the class of a spec."""
    return accelerator_class(json.dumps({"metadata": {"name": name}, "spec": spec}).encode())


def class_problems(name: str = "h100", **spec: Any) -> tuple[str, ...]:
    """Return what is wrong with the class of a spec."""
    with pytest.raises(InvalidObject) as raised:
        class_of(name, **spec)
    return raised.value.problems


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    """Return a match expression."""
    return {"key": key, "operator": operator, "values": list(values)}


def terms_of(*expressions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one term of these expressions."""
    return [{"matchExpressions": list(expressions)}]


def required(terms: list[dict[str, Any]]) -> dict[str, Any]:
    """Return OME's affinity of these terms."""
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def test_a_class_is_read_whole() -> None:
    """Units are made one: GiB, version parts, whole devices, USD."""
    read = class_of(
        vendor="nvidia",
        family="hopper",
        model="h100",
        discovery={**LABELS, "pciVendorID": "10de", "deviceIDs": ["2330"]},
        capabilities={
            "memoryGB": "80Gi",
            "computeCapability": "9.0",
            "features": ["fp8", "nvlink"],
            "performance": {"fp16TFLOPS": 989},
        },
        resources=[{"name": "nvidia.com/gpu"}, {"name": "nvidia.com/mig-3g.40gb", "quantity": "2", "divisible": True}],
        tolerations=[{"key": "team", "value": "ai", "effect": "NoSchedule"}],
        cost={"perHour": "5.12", "spotPerHour": 2, "tier": "high"},
        allowedNamespaces=["ai"],
        scalableFromZero=True,
    )

    assert read == AcceleratorClass(
        "h100",
        NodeSelection({"gpu": "h100"}),
        "nvidia",
        "hopper",
        Capabilities(80, (9, 0), frozenset({"fp8", "nvlink"}), {Figure.FP16: 989}),
        (DeviceResource("nvidia.com/gpu"), DeviceResource("nvidia.com/mig-3g.40gb", 2, divisible=True)),
        (Toleration("team", "Equal", "ai", "NoSchedule"),),
        Cost(5.12, 2, "high"),
        frozenset({"ai"}),
        scalable_from_zero=True,
    )


A = expression("a", "In", "1")
B = expression("b", "Exists")
TERM_A = Term((Expression("a", Operator.IN, ("1",)),))
TERM_B = Term((Expression("b", Operator.EXISTS),))


@pytest.mark.parametrize(
    ("discovery", "selection"),
    [
        (LABELS, NodeSelection({"gpu": "h100"})),
        ({"nodeSelectorTerms": terms_of(A)}, NodeSelection({}, (TERM_A,))),
        ({"affinity": required(terms_of(A))}, NodeSelection({}, (TERM_A,))),
        ({**LABELS, "nodeSelectorTerms": terms_of(A)}, NodeSelection({"gpu": "h100"}, (TERM_A,))),
        ({"nodeSelectorTerms": terms_of(A) + terms_of(B)}, NodeSelection({}, (TERM_A, TERM_B))),
        ({"nodeSelectorTerms": terms_of(A), "affinity": required(terms_of(B))}, NodeSelection({}, (TERM_A & TERM_B,))),
        ({"nodeSelectorTerms": [{}, *terms_of(A)]}, NodeSelection({}, (TERM_A,))),
        ({**LABELS, "nodeSelectorTerms": None, "affinity": None}, NodeSelection({"gpu": "h100"})),
    ],
)
def test_both_dialects_of_selection_hold_together(discovery: dict[str, Any], selection: NodeSelection) -> None:
    """Labels, terms and affinity are ANDed; the terms of one list are alternatives; an empty term adds none."""
    assert class_of(discovery=discovery).selection == selection


@pytest.mark.parametrize(
    ("given", "gib"), [(40, 40), ("41", 41), ("40Gi", 40), ("81920Mi", 80), ("1.5Ti", 1536), (None, None)]
)
def test_memory_is_meant_in_gib(given: Any, gib: float | None) -> None:
    """A bare number is no count of bytes."""
    assert class_of(discovery=LABELS, capabilities={"memoryGB": given}).capabilities.memory_gib == gib


@pytest.mark.parametrize(("given", "parts"), [("9.0", (9, 0)), ("10.0", (10, 0)), (9.0, (9, 0)), ("gfx942", None)])
def test_compute_capability_is_a_version_where_it_has_an_order(given: Any, parts: tuple[int, ...] | None) -> None:
    """AMD's words for architectures are accepted and mean nothing that could be compared."""
    assert (
        class_of(discovery=LABELS, capabilities={"computeCapability": given}).capabilities.compute_capability == parts
    )


@pytest.mark.parametrize(
    ("discovery", "sentence"),
    [
        ({}, "spec.discovery: selects no node: write the labels of the nodes"),
        (None, "spec.discovery: selects no node: write the labels of the nodes"),
        ({"affinity": {}}, "selects no node"),
        ({"nodeSelectorTerms": [{}]}, "has only terms without expressions"),
        ({**LABELS, "nodeSelectorTerms": [{}]}, "has only terms without expressions"),
        ({"nodeSelectorTerms": terms_of(expression("m", "Gte", "1"))}, "write Gt with the value one less"),
        ({"nodeSelectorTerms": terms_of(expression("m", "Lte", "1"))}, "write Lt with the value one more"),
        ({"nodeSelectorTerms": terms_of(expression("m", "Equals", "1"))}, "write In, NotIn, Exists, DoesNotExist, Gt"),
        (
            {"nodeSelectorTerms": terms_of(expression("m", "Lt", "24Gi"))},
            "not '24Gi': nvidia.com/gpu.memory counts MiB",
        ),
        ({"nodeSelectorTerms": terms_of(expression("m", "Lt", "24Gi"))}, "where 24Gi is 24576"),
        (
            {"nodeSelectorTerms": terms_of(expression("m", "Gt", "1", "2"))},
            "exactly one integer without a unit, not '1'",
        ),
        ({"nodeSelectorTerms": terms_of(expression("m", "Gt"))}, "exactly one integer without a unit, not none"),
        ({"nodeSelectorTerms": terms_of(expression("m", "In"))}, "In needs at least one value"),
        ({"nodeSelectorTerms": terms_of(expression("m", "NotIn"))}, "NotIn needs at least one value"),
        ({"nodeSelectorTerms": terms_of(expression("m", "Exists", "1"))}, "Exists takes no values"),
        ({"nodeSelectorTerms": terms_of(expression("a b", "Exists"))}, "'a b' is no key of a label"),
        ({"nodeSelector": {"gpu": "A 100"}}, "'A 100' is no value of a label"),
        ({"nodeSelectorTerms": [{"matchFields": [expression("spec.x", "In", "1")]}]}, "write key metadata.name"),
        ({"affinity": required(terms_of(expression("m", "Gte", "1")))}, "affinity.nodeAffinity.required"),
    ],
)
def test_an_impossible_selection_is_refused_with_what_to_write(discovery: Any, sentence: str) -> None:
    """kube-scheduler would let every pod of such a class wait for ever, or the API server refuse the pod."""
    (problem,) = class_problems(discovery=discovery)

    assert sentence in problem


def test_every_problem_is_told_at_once() -> None:
    """Nobody should have to apply a class five times to learn five things."""
    problems = class_problems(
        "n" * 64,
        discovery=LABELS,
        capabilities={"memoryGB": "lots", "computeCapability": "9,0"},
        resources=[{"name": "gpu", "quantity": "500m"}],
        cost={"perHour": "$3"},
    )

    assert [problem.split(":")[0] for problem in problems] == [
        "metadata.name",
        "spec.capabilities.memoryGB",
        "spec.capabilities.computeCapability",
        "spec.resources[0].name",
        "spec.resources[0].quantity",
        "spec.cost.perHour",
    ]


@pytest.mark.parametrize(
    "below", [{"memoryGB": "-40Gi"}, {"memoryBandwidthGBps": -1}, {"performance": {"fp8Tflops": -1}}]
)
def test_no_class_has_less_than_nothing(below: dict[str, Any]) -> None:
    """OME's definition lets such amounts through."""
    (problem,) = class_problems(discovery=LABELS, capabilities=below)

    assert "should be greater than or equal to 0, not" in problem


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"metadata": {"name": "x"}, "spec": 5}'])
def test_bytes_that_are_no_object_are_refused(raw: bytes) -> None:
    """Whatever the API server sends, the error is the same."""
    with pytest.raises(InvalidObject):
        accelerator_class(raw)
    with pytest.raises(InvalidObject):
        profile(raw)


def test_annotations_stand_in_for_fields_that_omes_definition_lacks() -> None:
    """Which namespaces may use a class, and that it scales from zero; what is wrong is said of the annotation."""
    spec = {"discovery": {"nodeSelector": {"a": "b"}}}
    annotated = {"berth.ome.io/namespace-selector": "team=a", "berth.ome.io/scalable-from-zero": "true"}
    found = accelerator_class(json.dumps({"metadata": {"name": "x", "annotations": annotated}, "spec": spec}).encode())

    assert found.scalable_from_zero
    assert found.usable_in("ml", {"team": "a"})
    assert not found.usable_in("ml", {"team": "b"})
    broken = {"metadata": {"name": "x", "annotations": {"berth.ome.io/namespace-selector": "team=a b"}}, "spec": spec}
    with pytest.raises(InvalidObject, match=r"berth\.ome\.io/namespace-selector"):
        accelerator_class(json.dumps(broken).encode())

"""Classes that contradict each other."""

from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, DeviceResource, Figure
from placement.class_conflicts import MOST_NAMED, TOLERANCE, ClassConflicts, conflicts_among
from placement.selection import Expression, NodeSelection, Operator, Term

PRODUCT = "nvidia.com/gpu.product"
H100 = NodeSelection({PRODUCT: "H100"})
AS_A_TERM = NodeSelection({}, (Term((Expression(PRODUCT, Operator.IN, ("H100",)),)),))


def of(name: str, selection: NodeSelection = H100, gib: float | None = None, **more: Any) -> AcceleratorClass:
    """Return a class of so much memory."""
    return AcceleratorClass(name, selection, capabilities=Capabilities(gib), **more)


def conflicting(*classes: AcceleratorClass) -> dict[str, str]:
    """Return what is said of each class that is in a conflict."""
    conflicts = ClassConflicts()
    conflicts.follow(Catalog({each.name: each for each in classes}))
    return {each.name: str(found) for each in classes if (found := conflicts.of(each.name))}


def capable(name: str, **more: Any) -> AcceleratorClass:
    """Return a class with these capabilities."""
    return AcceleratorClass(name, H100, capabilities=Capabilities(**more))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (of("a", gib=80), of("b", gib=40), "memory: 80 GiB here, 40 GiB in b"),
        (of("a", gib=80), of("b", AS_A_TERM, 40), "memory: 80 GiB here, 40 GiB in b"),
        (of("a", vendor="nvidia"), of("b", vendor="amd"), "vendor: nvidia here, amd in b"),
        (of("a", family="hopper"), of("b", family="ampere"), "family: hopper here, ampere in b"),
        (
            capable("a", compute_capability=(9, 0)),
            capable("b", compute_capability=(10, 0)),
            "compute capability: 9.0 here, 10.0 in b",
        ),
        (
            capable("a", figures={Figure.FP16: 989.0}),
            capable("b", figures={Figure.FP16: 1979.0}),
            "TFLOPS at fp16: 989 here, 1979 in b",
        ),
    ],
    ids=["memory", "other words for the same nodes", "vendor", "family", "compute capability", "a rate"],
)
def test_two_classes_of_the_same_nodes_contradict_each_other(
    one: AcceleratorClass, other: AcceleratorClass, said: str
) -> None:
    """Each names the other, and in what they differ."""
    found = conflicting(one, other)

    assert found["a"] == f"It selects the same nodes as b, and they contradict each other: {said}."
    assert found.keys() == {"a", "b"}


MIG = [DeviceResource(f"nvidia.com/mig-{size}", divisible=True) for size in ("1g.10gb", "3g.40gb")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of("a", gib=80), of("b", gib=79.65)),
        (of("a", gib=80), of("b")),
        (of("a", family="Hopper"), of("b", family="hopper")),
        (of("a", gib=80), of("b", NodeSelection({PRODUCT: "H100", "zone": "x"}), 40)),
        (of("a", NodeSelection({}), 80), of("b", NodeSelection({}), 40)),
        (of("a", gib=10, listed_resources=(MIG[0],)), of("b", gib=40, listed_resources=(MIG[1],))),
        (capable("a", features=frozenset({"fp8"})), capable("b", features=frozenset({"nvlink"}))),
    ],
    ids=["nominal and real", "one says nothing", "spelling", "a part of it", "both nowhere", "slices", "features"],
)
def test_what_is_no_contradiction(one: AcceleratorClass, other: AcceleratorClass) -> None:
    """Overlap is legal, what is not said contradicts nothing, and nobody compares slices with each other."""
    assert conflicting(one, other) == {}


def test_slices_of_one_size_are_compared() -> None:
    """They are the same devices."""
    few, many = (of(name, gib=gib, listed_resources=(MIG[0],)) for name, gib in (("a", 10), ("b", 20)))
    assert conflicting(few, many).keys() == {"a", "b"}


def test_a_crowd_is_named_by_its_first_ones() -> None:
    """A condition is to be read."""
    found = conflicting(of("a", gib=80), *(of(f"b{number}", gib=40) for number in range(9)))

    assert found["a"].startswith("It selects the same nodes as b0, b1, b2, and they")
    assert found["b8"].startswith("It selects the same nodes as a, and they")


GIB = st.one_of(st.none(), st.sampled_from([10.0, 10.9, 11.0, 11.000001, 12.0, 40.0, 80.0, 88.0]))
CLASSES = st.lists(
    st.builds(
        lambda name, gib, vendor, version: AcceleratorClass(
            name, H100, vendor, capabilities=Capabilities(gib, version)
        ),
        st.sampled_from("abcdefgh"),
        GIB,
        st.sampled_from(["", "nvidia", "NVIDIA", "amd"]),
        st.sampled_from([None, (9, 0), (10, 0)]),
    ),
    max_size=8,
    unique_by=lambda each: each.name,
)


def contradict(one: AcceleratorClass, other: AcceleratorClass) -> bool:
    """Compare two classes in the plainest way."""
    mine, theirs = one.capabilities, other.capabilities
    small, large = sorted([mine.memory_gib or 0, theirs.memory_gib or 0])
    return any(
        [
            small and large > small * TOLERANCE,
            one.vendor and other.vendor and one.vendor.lower() != other.vendor.lower(),
            None not in (versions := {mine.compute_capability, theirs.compute_capability}) and len(versions) == 2,
        ]
    )


@given(CLASSES)
def test_conflicts_are_those_of_all_pairs_and_symmetric(classes: list[AcceleratorClass]) -> None:
    """Who is in a conflict is found without comparing pairs; up to a few, both sides name each other."""
    pairs = {
        pair
        for one, other in combinations(classes, 2)
        if contradict(one, other)
        for pair in ((one.name, other.name), (other.name, one.name))
    }
    found = conflicts_among(classes)

    assert found.keys() == {name for name, _ in pairs}
    named = {(name, other) for name, conflict in found.items() for other in conflict.names}
    assert named <= pairs
    if len(classes) <= MOST_NAMED:
        assert named == pairs


@given(CLASSES, st.randoms())
def test_the_order_does_not_matter(classes: list[AcceleratorClass], chance: Random) -> None:
    """The API server lists in one order, a watch tells in another."""
    shuffled = [*classes]
    chance.shuffle(shuffled)
    assert conflicts_among(shuffled) == conflicts_among(classes)


@given(st.lists(CLASSES, max_size=6))
def test_a_catalog_that_changes_has_the_conflicts_that_it_had_from_the_start(
    history: list[list[AcceleratorClass]],
) -> None:
    """And who is in another conflict than before is told."""
    kept = ClassConflicts()
    for step, classes in enumerate(history):
        moved = [replace(each, selection=AS_A_TERM if step % 2 else H100) for each in classes]
        before = {name: kept.of(name) for name in "abcdefgh"}
        told = kept.follow(Catalog({each.name: each for each in moved}))
        after = {name: kept.of(name) for name in "abcdefgh"}
        assert {name: each for name, each in after.items() if each} == conflicts_among(moved)
        assert told == {name for name in after if after[name] != before[name]}
        assert len(kept) == len(conflicts_among(moved))


def test_thousands_of_classes_are_not_compared_two_by_two() -> None:
    """All of one selection and of one value each: the worst that there is; pairs would be millions."""
    classes = [of(f"class-{number:05}", gib=10.0 + number / 1000) for number in range(8_000)]

    assert len(conflicts_among(classes)) == 8_000

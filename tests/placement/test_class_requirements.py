from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import Cost, Figure
from placement.asking.class_requirements import ANY_CLASS, ClassRequirements
from tests.builders import CATALOG, H100

_names = st.frozensets(st.sampled_from(sorted(CATALOG.classes)))
_features = st.frozensets(st.sampled_from(["fp8", "nvlink"]))
_requirements = st.builds(
    ClassRequirements,
    supported=st.none() | _names,
    excluded=_names,
    memory_gib=st.sampled_from([0, 16, 40, 80, 141.5]),
    compute_capability=st.sampled_from([(), (8,), (8, 9), (10, 0)]),
    features=_features,
    families=st.none() | st.frozensets(st.sampled_from(["hopper", "ada"])),
    figures=st.dictionaries(st.sampled_from(Figure), st.sampled_from([1.0, 100.0])),
    max_usd_per_hour=st.none() | st.sampled_from([0.5, 5.0]),
    max_memory_gib=st.none() | st.sampled_from([16.0, 80.0]),
)


@given(_requirements, _requirements, _requirements)
def test_the_strictest_does_not_depend_on_the_order_of_layers(
    one: ClassRequirements, two: ClassRequirements, three: ClassRequirements
) -> None:
    """Combining is commutative, associative and idempotent, and asking for nothing changes nothing."""
    assert one & two == two & one
    assert (one & two) & three == one & (two & three)
    assert one & one == one & ANY_CLASS == one & ANY_CLASS & one


@given(_requirements, _requirements)
def test_another_layer_never_lets_more_classes_pass(one: ClassRequirements, two: ClassRequirements) -> None:
    """What either refuses, both refuse; what both accept alone, they accept together."""
    for candidate in CATALOG.classes.values():
        alone = [each.rejection(candidate) is None for each in (one, two)]

        assert ((one & two).rejection(candidate) is None) == all(alone)


@pytest.mark.parametrize(
    ("requirements", "reason"),
    [
        (ClassRequirements(families=frozenset({"ampere"})), "is of family hopper, ampere needed"),
        (ClassRequirements(figures={Figure.FP16: 2000.0}), "has 989 TFLOPS at fp16, 2000 needed"),
        (ClassRequirements(figures={Figure.FP8: 1.0}), "has unknown TFLOPS at fp8, 1 needed"),
        (ClassRequirements(max_usd_per_hour=0.5), "costs 5 USD/h, at most 0.5 allowed"),
        (ClassRequirements(max_memory_gib=79.5), "has 80 GiB of memory, at most 79.5 allowed"),
        (ClassRequirements(max_memory_gib=80), None),
        (ClassRequirements(families=frozenset({"NVIDIA-Hopper"}), max_usd_per_hour=5), None),
    ],
)
def test_a_class_is_refused_with_what_it_has_and_what_is_needed(
    requirements: ClassRequirements, reason: str | None
) -> None:
    """Families are named alone or with their vendor, in any case; figures and prices have their units."""
    capabilities = replace(H100.capabilities, figures={Figure.FP16: 989.0})
    hopper = replace(H100, vendor="nvidia", family="hopper", capabilities=capabilities)

    rejection = requirements.rejection(hopper)

    assert (rejection.reason if rejection else None) == reason


def test_spot_prices_count_only_for_pods_that_may_run_on_spot() -> None:
    """A pod that does not tolerate spot pays the usual price."""
    spot = replace(H100, cost=Cost(5.0, 2.0))
    cheap = ClassRequirements(max_usd_per_hour=3)

    assert cheap.rejection(spot)
    assert cheap.rejection(spot, on_spot=True) is None


def test_a_class_that_states_no_memory_is_not_known_to_have_little() -> None:
    """A bound is kept even where nobody can tell, so that a pod which must be small gets nothing large."""
    unknown = replace(H100, capabilities=replace(H100.capabilities, memory_gib=None))

    rejection = ClassRequirements(max_memory_gib=80).rejection(unknown)

    assert rejection
    assert rejection.reason == "has unknown GiB of memory, at most 80 allowed"

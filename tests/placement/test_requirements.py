"""Everything one pod asks, and which classes will do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.accelerators import AcceleratorClass, Capabilities, Catalog, version
from placement.asking.class_requirements import ANY_CLASS, ClassRequirements
from placement.pods import Container, Pod
from placement.rejections import Cause
from placement.requirements import Spread, requirements_of
from placement.selection import EVERYWHERE

NAMES = st.sampled_from(["a100", "h100", "l4"])
FEATURES = st.frozensets(st.sampled_from(["FP8", "NVLink"]))
VERSIONS = st.sampled_from([(), (7, 5), (8, 9), (9, 0), (10, 0)])
requirements = st.builds(
    ClassRequirements,
    st.one_of(st.none(), st.frozensets(NAMES)),
    st.frozensets(NAMES, max_size=1),
    st.sampled_from([0, 24, 80]),
    VERSIONS,
    FEATURES,
)
capabilities = st.builds(
    Capabilities,
    st.sampled_from([None, 24, 40, 80]),
    st.one_of(st.none(), VERSIONS),
    FEATURES,
)
classes = st.builds(AcceleratorClass, NAMES, st.just(EVERYWHERE), capabilities=capabilities)


def h100(**capability: object) -> AcceleratorClass:
    """Return a class with these capabilities and no others."""
    return AcceleratorClass("h100", EVERYWHERE, vendor="nvidia", capabilities=Capabilities(**capability))  # type: ignore[arg-type]


@given(requirements, requirements, classes)
def test_combined_requirements_admit_what_both_admit(
    one: ClassRequirements, other: ClassRequirements, candidate: AcceleratorClass
) -> None:
    """The strictest of both, never stricter and never laxer."""
    rejected = bool(one.rejection(candidate)) or bool(other.rejection(candidate))

    assert bool((one & other).rejection(candidate)) == rejected


@given(requirements, requirements, requirements)
def test_combining_knows_no_order(one: ClassRequirements, other: ClassRequirements, third: ClassRequirements) -> None:
    """Layers combine in any order and grouping, and twice is once."""
    assert one & other == other & one
    assert (one & other) & third == one & (other & third)
    assert one & one == one
    assert one & ANY_CLASS == one


@pytest.mark.parametrize(
    ("asked", "has", "reason"),
    [
        (ClassRequirements(supported=frozenset({"l4"})), {}, "is not among the supported classes"),
        (ClassRequirements(excluded=frozenset({"h100"})), {}, "is excluded"),
        (ClassRequirements(memory_gib=80), {"memory_gib": 40}, "has 40 GiB of memory, 80 needed"),
        (ClassRequirements(memory_gib=80), {}, "has unknown GiB of memory, 80 needed"),
        (
            ClassRequirements(compute_capability=(10, 0)),
            {"compute_capability": (9, 0)},
            "has compute capability 9.0, 10.0 needed",
        ),
        (ClassRequirements(features=frozenset({"FP8", "NVLink"})), {"features": frozenset({"nvlink"})}, "lacks FP8"),
    ],
)
def test_a_class_that_will_not_do_hears_why(asked: ClassRequirements, has: dict[str, object], reason: str) -> None:
    """What a class does not state about itself, it does not have."""
    no = asked.rejection(h100(**has))

    assert no is not None
    assert (no.subject, no.cause, no.reason) == ("h100", Cause.FILTERED, reason)


def test_versions_compare_as_numbers() -> None:
    """10.0 is above 9.0, and 9 means 9.0."""
    assert version("10.0") > version("9.0")
    assert version("9") == version("9.0")
    with pytest.raises(ValueError, match=r"'gfx942' is no version"):
        version("gfx942")


def test_a_pod_asks_everything_it_requests_and_the_known_accelerators_apart() -> None:
    """A resource that no class knows is no accelerator of ours."""
    catalog = Catalog({"h100": h100()})
    container = Container(
        "c", requests={"cpu": "2", "nvidia.com/gpu": "1", "example.com/fpga": "1", "amd.com/gpu": "0"}
    )
    pod = Pod("default", containers=(container,), owner="ReplicaSet/chat")

    asked = requirements_of(pod, catalog, Spread.ZONE)

    assert asked.requests == {"cpu": 2000, "nvidia.com/gpu": 1, "example.com/fpga": 1, "pods": 1}
    assert asked.accelerators == {"nvidia.com/gpu": 1}
    assert (asked.owner, asked.spread) == ("ReplicaSet/chat", Spread.ZONE)


def test_a_pod_without_accelerators_asks_none() -> None:
    """Nor does any pod of a cluster without classes."""
    gpu_pod = Pod("default", containers=(Container("c", limits={"nvidia.com/gpu": "1"}),))

    assert requirements_of(Pod("default"), Catalog({"h100": h100()})).accelerators == {}
    assert requirements_of(gpu_pod, Catalog()).accelerators == {}

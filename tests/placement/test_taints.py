"""Which taints a pod stands, as kube-scheduler judges it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.taints import Taint, Toleration, untolerated

keys = st.sampled_from(["nvidia.com/gpu", "dedicated"])
values = st.sampled_from(["", "present", "team-a"])
effects = st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"])
taints = st.builds(Taint, keys, values, effects)
tolerations = st.one_of(
    st.builds(
        Toleration,
        keys,
        st.just("Equal"),
        values,
        st.one_of(st.just(""), effects),
        st.sampled_from([None, 300]),
    ),
    st.builds(
        Toleration,
        st.one_of(st.just(""), keys),
        st.just("Exists"),
        st.just(""),
        st.one_of(st.just(""), effects),
        st.sampled_from([None, 300]),
    ),
)

GPU_TAINT = Taint("nvidia.com/gpu", "present", "NoSchedule")


@pytest.mark.parametrize(
    ("toleration", "tolerates"),
    [
        (Toleration("nvidia.com/gpu", "Exists"), True),
        (Toleration("nvidia.com/gpu", "Equal", "present"), True),
        (Toleration("nvidia.com/gpu", "Equal", "absent"), False),
        (Toleration("nvidia.com/gpu", "Exists", effect="NoSchedule"), True),
        (Toleration("nvidia.com/gpu", "Exists", effect="NoExecute"), False),
        (Toleration("amd.com/gpu", "Exists"), False),
        (Toleration(operator="Exists"), True),
    ],
)
def test_a_toleration_matches_by_key_value_and_effect(toleration: Toleration, tolerates: bool) -> None:  # noqa: FBT001
    """Empty key and effect stand for any."""
    assert toleration.tolerates(GPU_TAINT) is tolerates


def test_a_taint_that_only_prefers_forbids_nothing() -> None:
    """PreferNoSchedule repels by score alone."""
    assert untolerated([Taint("slow", effect="PreferNoSchedule")], []) is None


def test_the_first_taint_that_nothing_tolerates_is_named() -> None:
    """A person reads it as kubectl writes it."""
    no = untolerated([GPU_TAINT, Taint("dedicated")], [Toleration("nvidia.com/gpu", "Exists")])

    assert str(no) == "dedicated:NoSchedule"
    assert str(GPU_TAINT) == "nvidia.com/gpu=present:NoSchedule"


@given(tolerations, tolerations, taints)
def test_what_covers_another_toleration_tolerates_all_that_the_other_does(
    wide: Toleration, narrow: Toleration, taint: Taint
) -> None:
    """So the narrow one need not be added to a pod that has the wide one."""
    if wide.covers(narrow) and narrow.tolerates(taint):
        assert wide.tolerates(taint)


@given(tolerations)
def test_every_toleration_covers_itself(toleration: Toleration) -> None:
    """Adding it again would change nothing."""
    assert toleration.covers(toleration)

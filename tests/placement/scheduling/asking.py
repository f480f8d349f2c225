"""Pods that ask, as strategies: whole devices, shares, both kinds of mistakes, replicas, classes that are left open."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from placement.requirements import Requirements, Spread
from placement.shares import SHARES
from tests.builders import AMD, NVIDIA

ACCELERATORS: Sequence[Mapping[str, int]] = (
    {NVIDIA: 1},
    {NVIDIA: 2},
    {NVIDIA: 8},
    {NVIDIA: 2**41},
    {AMD: 2},
    {SHARES: 190},
    {SHARES: 250},
    {SHARES: 1000},
    {SHARES: 2000},
    {SHARES: 1500},
    {SHARES: 1_025_000},
    {NVIDIA: 1, AMD: 1},
    {NVIDIA: 1, SHARES: 250},
    {"example.com/npu": 1},
    {},
)
OWNERS = ("", "rs/chat", "rs/code")
CLASSES: Sequence[tuple[str, ...]] = ((), (), ("h100", "l4"), ("l4", "big"))


def requiring(
    accelerators: Mapping[str, int],
    others: Mapping[str, int],
    owner: str,
    spread: Spread = Spread.NODE,
    classes: tuple[str, ...] = (),
) -> Requirements:
    """Return what such a pod asks."""
    return Requirements({**others, **accelerators}, accelerators, owner=owner, spread=spread, classes=classes)


requirements = st.builds(
    requiring,
    st.sampled_from(ACCELERATORS),
    st.fixed_dictionaries({"cpu": st.sampled_from([0, 500, 32_000]), "memory": st.sampled_from([0, 1, 2**30])}),
    st.sampled_from(OWNERS),
    st.sampled_from(list(Spread)),
    st.sampled_from(CLASSES),
)

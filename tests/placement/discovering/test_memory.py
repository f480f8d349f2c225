"""The size by which an accelerator is sold, from what its driver reports."""

import pytest

from placement.discovering.discovery import classes_of, read
from placement.discovering.memory import nominal_gib
from placement.inventory import NodeInventory

GPU = "nvidia.com/gpu"


@pytest.mark.parametrize(
    ("mib", "stated", "gib"),
    [
        (81559, 80, 80),
        (15360, 16, 16),
        (46068, 48, 48),
        (73728, None, 72),
        (22528, None, 22),
        (73415, 72, 72),
        (97871, None, 96),
        (22888, None, 24),
        (0, None, None),
    ],
)
def test_nothing_is_rounded_up_past_what_is_known(mib: int, stated: float | None, gib: float | None) -> None:
    """What the name says comes first, then whole GiB as they are reported, then the size to which it is near."""
    assert nominal_gib(mib, stated) == gib


@pytest.mark.parametrize(
    ("product", "mib", "gib"),
    [("NVIDIA-RTX-PRO-5000-72GB", 73728, 72), ("NVIDIA-New-72GB", 73415, 72), ("NVIDIA-New", 81559, 80)],
)
def test_unknown_hardware_has_the_size_of_its_name(product: str, mib: int, gib: float) -> None:
    """A pod that needs 75 GiB does not get a card of 72."""
    labels = {f"{GPU}.product": product, f"{GPU}.memory": str(mib), f"{GPU}.count": "4"}

    (found,) = classes_of(read(NodeInventory("n", labels, allocatable={GPU: 4})))

    assert found.accelerator_class.capabilities.memory_gib == gib

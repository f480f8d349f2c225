"""Memory of an accelerator: the size by which it is sold, from what its driver reports.

Drivers report less (81559 MiB of an 80 GB card), because error correction and firmware take some.
"""

import re

MIB_PER_GIB = 1024
# The most that was seen to be missing is 8 % (15109 MiB of a T4); what is above is rounding.
_MISSING, _ABOVE = 0.10, 0.01

# Sizes in which cards are made, in GiB.
_SIZES = (1, 2, 3, 4, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 80, 94, 96, 128)
_LARGE_SIZES = (141, 144, 180, 186, 192, 256, 270, 288)
_MAX_MIB = 2**24
_NAMED = re.compile(r"(?:^|-)(?P<gib>[0-9]{1,4})gb(?=-|$)")


def nominal_gib(mib: int, stated_gib: float | None = None) -> float | None:
    """Return the nominal size in GiB for what is reported, or what is reported where it is near to none.

    `stated_gib` is the size that the name of the hardware says, and comes first; a report of whole GiB is believed as
    it is, for it may be all that an unknown card has. None where nothing is reported.
    """
    if not 0 < mib <= _MAX_MIB:
        return None
    if stated_gib and is_near(mib, stated_gib):
        return stated_gib
    if mib % MIB_PER_GIB == 0:
        return float(mib // MIB_PER_GIB)
    near = (size for size in (*_SIZES, *_LARGE_SIZES) if is_near(mib, size))
    return float(next(near, mib / MIB_PER_GIB))


def named_gib(hardware: str) -> float | None:
    """Return the size that a name of hardware says, such as nvidia-a100-pcie-40gb, or None."""
    found = _NAMED.search(hardware)
    return float(found["gib"]) if found else None


def is_near(mib: int, gib: float) -> bool:
    """Tell whether a driver may report so much of a card of that nominal size."""
    return gib * (1 - _MISSING) <= mib / MIB_PER_GIB <= gib * (1 + _ABOVE)

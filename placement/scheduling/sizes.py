"""Fragmentation: the idle accelerators of a node that the expected mix of pods cannot use.

The measure is F of "Beware of Fragmentation" (FGD, USENIX ATC 2023) for whole devices: with share p_m of the expected
pods asking k_m devices, F(free) = sum over m of p_m * (free if free < k_m else 0).
"""

from functools import lru_cache

# Shares of the expected pods by the number of devices they ask: every size at which inference engines shard a model
# counts alike, as long as nothing is known about the cluster's own pods.
EXPECTED_MIX = {1: 0.25, 2: 0.25, 4: 0.25, 8: 0.25}


@lru_cache(maxsize=4096)
def stranded(free: int) -> float:
    """Return how many of a node's free devices the expected mix cannot use, in devices."""
    return sum(share * free for size, share in EXPECTED_MIX.items() if free < size)


def increase(free: int, count: int) -> float:
    """Return by how much stranding grows when `count` of `free` devices are taken; below zero when it shrinks."""
    return stranded(max(free - count, 0)) - stranded(max(free, 0))

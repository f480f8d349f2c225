"""The order in which kube-scheduler names candidates, and how many it looks for.

Sources: k8s.io/kubernetes pkg/scheduler/schedule_one.go (findNodesThatPassFilters, numFeasibleNodesToFind) and
pkg/scheduler/framework/parallelize (chunkSizeFor).
"""

from math import isqrt
from random import Random

import numpy as np

from placement.scheduling.arrays import Rows

_WORKERS = 16


def sampled(nodes: int) -> int:
    """Return how many feasible nodes kube-scheduler looks for among so many where its percentage is adaptive."""
    percent = max(50 - nodes // 125, 5)
    return nodes if nodes < 100 else max(100, nodes * percent // 100)


def questioned(feasible: Rows, nodes: int, start: int, chance: Random) -> Rows:
    """Return feasible rows as they are found: from a node on and around, by workers that take blocks of nodes in turn.

    Each worker walks its block in order, and they run at speeds of their own.
    """
    block = max(1, min(isqrt(nodes), nodes // _WORKERS + 1))
    position = (feasible - start) % nodes
    blocks = position // block
    draws = np.random.default_rng(chance.getrandbits(32))
    late, pace = draws.random(nodes // block + 1), draws.uniform(0.5, 1.5, nodes // block + 1)
    found = blocks // _WORKERS + late[blocks] * 0.5 + pace[blocks] * (position % block) / block
    rows: Rows = feasible[np.argsort(found, kind="stable")]
    return rows

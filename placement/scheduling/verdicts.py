"""Verdicts: on which of the nodes in question a pod fits as far as accelerators tell, and why not on others."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

import numpy as np

from placement.inventory import Inventory, NodeInventory
from placement.rejections import Rejection
from placement.requirements import Requirements
from placement.scheduling.arrays import Rows
from placement.scheduling.fit import accelerator_rejection
from placement.scheduling.pools import Pool, Pools
from placement.scheduling.refusing import refusals
from placement.scheduling.tasks import Task
from placement.shares import SHARES


class Asked(NamedTuple):
    """The rows of a pool on which the task fits."""

    pool: Pool
    task: Task
    rows: Rows


class Verdicts(NamedTuple):
    """Nodes on which the pod fits, by the arrays of a pool or as far as can be seen, and why others will not do."""

    asked: Sequence[Asked]
    unknown: Sequence[str]
    rejections: Sequence[Rejection]

    @property
    def fitting(self) -> int:
        """On how many nodes it fits."""
        return sum(len(each.rows) for each in self.asked) + len(self.unknown)

    @property
    def names(self) -> list[str]:
        """The nodes on which it fits."""
        return [each.pool.fleet.names[row] for each in self.asked for row in each.rows.tolist()] + [*self.unknown]


def verdicts(asked: Requirements, inventory: Inventory, pools: Pools, names: list[str]) -> Verdicts:
    """Judge the nodes of each pool at once, and one by one those that are in none."""
    by_resource, apart = _by_resource(asked, pools, names)
    judged = [_judged(asked, pools.of(resource), *some) for resource, some in by_resource.items()]
    unknown, refused = _one_by_one(asked, inventory, apart)
    rejections = [*(each for _, each in judged if each), *([refused] if refused else [])]
    return Verdicts(
        [each for each, _ in judged], unknown, rejections[0] if len(rejections) == 1 else tuple(chain(*rejections))
    )


def _by_resource(
    asked: Requirements, pools: Pools, names: list[str]
) -> tuple[dict[str, tuple[list[str], Rows]], list[str]]:
    """Return the names, and their rows, by the resource in whose pool they are judged, and those that are in none."""
    if asked.accelerators:
        primary = min(asked.accelerators)
        known, rows, apart = _located(pools.of(primary).judged, names)
        return {primary: (known, rows)}, apart
    by_resource: dict[str, list[str]] = {}
    for name in names:
        by_resource.setdefault(pools.offered.get(name, ("",))[0], []).append(name)
    apart = by_resource.pop("", [])
    return {resource: _located(pools.of(resource).rows, some)[:2] for resource, some in by_resource.items()}, apart


def _located(rows: Mapping[str, int], names: list[str]) -> tuple[list[str], Rows, list[str]]:
    """Return the names of nodes that have a row, the rows of these, and the other names."""
    with suppress(KeyError):
        return names, np.fromiter(map(rows.__getitem__, names), np.intp, len(names)), []
    places = list(map(rows.get, names))
    known = [name for name, place in zip(names, places, strict=True) if place is not None]
    return (
        known,
        np.array([place for place in places if place is not None], np.intp),
        [name for name, place in zip(names, places, strict=True) if place is None],
    )


def _judged(asked: Requirements, pool: Pool, names: list[str], rows: Rows) -> tuple[Asked, Sequence[Rejection]]:
    """Return the rows of a pool on which the pod fits, and why others will not do."""
    task = pool.task_of(asked)
    fits = pool.fits(task)[rows]
    if len(asked.accelerators) > 1:
        return _judged_by_all(asked, Asked(pool, task, rows))
    if fits.all():
        return Asked(pool, task, rows), ()
    unfit = names if not fits.any() else [pool.fleet.names[row] for row in rows[~fits]]
    return Asked(pool, task, rows[fits]), refusals(pool, task, rows[~fits], unfit)


def _judged_by_all(asked: Requirements, of: Asked) -> tuple[Asked, Sequence[Rejection]]:
    """Return the same for a pod that asks for several accelerator resources: their nodes are looked at one by one."""
    verdicts = [accelerator_rejection(asked, of.pool.nodes[row]) for row in of.rows]
    fits = np.array([each is None for each in verdicts], np.bool_)
    return Asked(of.pool, of.task, of.rows[fits]), [each for each in verdicts if each]


def _one_by_one(asked: Requirements, inventory: Inventory, names: Iterable[str]) -> tuple[list[str], list[Rejection]]:
    """Return the nodes that nothing speaks against as far as can be seen, and why others will not do."""
    unknown: list[str] = []
    rejections: list[Rejection] = []
    for name in names:
        # What is left of devices in shares is Berth's own account: of a node that it does not know, nothing.
        node = inventory.nodes.get(name) or (NodeInventory(name) if SHARES in asked.accelerators else None)
        no = accelerator_rejection(asked, node) if node else None
        if no:
            rejections.append(no)
        else:
            unknown.append(name)
    return unknown, rejections

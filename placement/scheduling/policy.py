"""The policy on a live inventory: judge the nodes, order what remains by the arrays of its pools, name every cause.

kube-scheduler picks at random among nodes of equal score, which alone costs more than the policy wins; so the order is
total here, and a node's name decides only the last tie.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import merge
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from placement.inventory import Inventory, NodeInventory
from placement.rejections import Rejection
from placement.requirements import Requirements, Spread
from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.decisions import Candidate, Decision, Score
from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.expectations import Expectations
from placement.scheduling.fit import accelerator_rejection, rejection
from placement.scheduling.policies.berth import Berth
from placement.scheduling.pools import Pool, Pools
from placement.scheduling.ranking import Explanation, Place, Policy
from placement.scheduling.tasks import WHOLE, Task
from placement.shares import MAX_DEVICES, SHARES

_CORE = 1000

# Costs within this of the least, in thousandths of a device, count as equal where replicas spread.
SPREAD_TOLERANCE = 100

# So many candidates are told what their cost consists of: the winner and its runners-up.
EXPLAINED = 4


class _Asked(NamedTuple):
    """The rows of a pool that were asked about, and what was asked of them."""

    pool: Pool
    task: Task
    rows: Rows


class _Verdicts(NamedTuple):
    """Nodes on which the pod fits, by the arrays of a pool or as far as can be seen, and why others will not do."""

    asked: Sequence[_Asked]
    unknown: Sequence[str]
    rejections: Sequence[Rejection]

    @property
    def fitting(self) -> int:
        return sum(len(each.rows) for each in self.asked) + len(self.unknown)


@dataclass
class Chooser:
    """Chooses among nodes, by what is expected of each resource, which has a policy of its own, made by `make`."""

    expectations: Expectations = field(default_factory=Expectations)
    make: Callable[[], Policy] = Berth
    pools: Pools = field(default_factory=Pools)
    _policies: dict[str, Policy] = field(default_factory=dict)

    def decide(
        self, asked: Requirements, inventory: Inventory, names: Iterable[str], limit: int | None = None
    ) -> Decision:
        """Choose among nodes that kube-scheduler has found feasible: judge accelerators alone, order all that fit.

        A name that the inventory does not know passes and comes last: the scheduler saw the node before we did. Of the
        candidates the best `limit` are told.
        """
        self.pools.follow(inventory)
        verdicts = self._verdicts(asked, inventory, names)
        rankings = [self._ranked(asked, each) for each in verdicts.asked]
        known = merge(*rankings, key=lambda each: (each.score, each.node))
        unknown = (Candidate(name, Score(unknown=1)) for name in sorted(verdicts.unknown))
        candidates = tuple(islice(chain(known, unknown), limit))
        return Decision(candidates, tuple(verdicts.rejections), verdicts.fitting)

    def survey(self, asked: Requirements, inventory: Inventory) -> Decision:
        """Judge every node in every respect that Berth understands: what a person asks about a waiting pod."""
        verdicts = {node.name: rejection(asked, node) for node in inventory.nodes.values()}
        decision = self.decide(asked, inventory, [name for name, no in verdicts.items() if no is None])
        return Decision(decision.candidates, (*filter(None, verdicts.values()), *decision.rejections))

    def expectation(self, pool: Pool) -> Learnt | Pinned:
        """Return what is expected of a pool."""
        return self.expectations.of(pool)

    def policy(self, pool: Pool) -> Policy:
        """Return the policy by which the nodes of a pool are ordered."""
        if pool.resource not in self._policies:
            self._policies[pool.resource] = self.make()
        return self._policies[pool.resource]

    def see(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that was asked about for these nodes."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).see(task)

    def placed(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that was placed on one of these nodes."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).placed(task)

    def left(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> None:
        """Learn from a pod that stood on one of these nodes, and left."""
        for pool, task in self._tasks(asked, inventory, names):
            self.expectation(pool).left(task)

    def _tasks(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> list[tuple[Pool, Task]]:
        """Return what the pod asks of each accelerator resource, where anybody could have that.

        A pod without accelerators asks cpu of those whose nodes it is asked about.
        """
        self.pools.follow(inventory)
        resources = set(asked.accelerators) or {
            self.pools.offered[each][0] for each in names if each in self.pools.offered
        }
        pools = [self.pools.of(resource) for resource in sorted(resources)]
        tasks = [(pool, pool.task_of(asked)) for pool in pools]
        return [(pool, task) for pool, task in tasks if task.devices <= MAX_DEVICES]

    def _verdicts(self, asked: Requirements, inventory: Inventory, names: Iterable[str]) -> _Verdicts:
        """Judge the nodes of each pool at once, and one by one those that are in none."""
        by_resource, apart = self._by_resource(asked, list(names))
        judged = [self._fitting(asked, resource, of_pool) for resource, of_pool in by_resource.items()]
        unfit = chain(*(refused for _, refused in judged), apart)
        unknown, rejections = _one_by_one(asked, inventory, unfit)
        return _Verdicts([each for each, _ in judged], unknown, rejections)

    def _by_resource(self, asked: Requirements, names: list[str]) -> tuple[dict[str, list[str]], list[str]]:
        """Return the names by the resource in whose pool they are judged, and those that are in none."""
        if asked.accelerators:
            primary = min(asked.accelerators)
            rows = self.pools.of(primary).rows
            if rows.keys() >= set(names):
                return {primary: names}, []
            return {primary: [name for name in names if name in rows]}, [name for name in names if name not in rows]
        by_resource: dict[str, list[str]] = {}
        for name in names:
            by_resource.setdefault(self.pools.offered.get(name, ("",))[0], []).append(name)
        return by_resource, by_resource.pop("", [])

    def _fitting(self, asked: Requirements, resource: str, names: Sequence[str]) -> tuple[_Asked, Iterator[str]]:
        """Return the rows of a pool on which the pod fits, and the names of the others."""
        pool = self.pools.of(resource)
        rows = np.fromiter(map(pool.rows.__getitem__, names), np.intp, len(names))
        task = pool.task_of(asked)
        fits = pool.fits(task, rows)
        if len(asked.accelerators) > 1:
            fits &= np.array([accelerator_rejection(asked, pool.nodes[row]) is None for row in rows], np.bool_)
        return _Asked(pool, task, rows[fits]), (pool.fleet.names[row] for row in rows[~fits])

    def _ranked(self, asked: Requirements, of: _Asked) -> Iterator[Candidate]:
        """Yield the candidates of a pool, the best first; those on whose devices pods in flight count come last."""
        pool, task, rows = of
        is_free = pool.fleet.holds(task)[rows]
        for contended, some in enumerate((rows[is_free], rows[~is_free])):
            places = self._places(asked, _Asked(pool, task, some))
            best = list(islice(places, EXPLAINED))
            explanation = self.policy(pool).explain(task, pool.fleet, self.expectation(pool).mix, best)
            for number, place in enumerate(best):
                yield _candidate(pool, task, place, contended, partial(_in_devices, explanation, number))
            yield from (_candidate(pool, task, place, contended) for place in places)

    def _places(self, asked: Requirements, of: _Asked) -> Iterator[Place]:
        """Yield the places of a pool, the best first, of each node the best of its devices."""
        pool, task, rows = of
        ranking = self.policy(pool).rank(task, pool.fleet, rows, self.expectation(pool).mix)
        seen = set[int]()
        classes = _later_classes(asked, pool)
        spread = ranking.within(self._spread(asked, pool), SPREAD_TOLERANCE, classes.get("later_class"))
        for place in spread.after(classes).ordered():
            if place.row not in seen:
                seen.add(place.row)
                yield place

    def _spread(self, asked: Requirements, pool: Pool) -> Mapping[str, Ints]:
        """Return what keeps replicas of an owner apart."""
        replicas = self._replicas(asked)
        if not replicas:
            return {}
        of_node = (replicas.get(node.zone if asked.spread is Spread.ZONE else node.name, 0) for node in pool.nodes)
        return {"replicas": np.fromiter(of_node, np.int64, len(pool.nodes))}

    def _replicas(self, asked: Requirements) -> Mapping[str, int]:
        """Return how many replicas of the pod's owner each node or zone has, as the pod spreads."""
        if not asked.owner or asked.spread is Spread.NONE:
            return {}
        return self.pools.replicas(asked.owner, by_zone=asked.spread is Spread.ZONE)


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


def _candidate(
    pool: Pool, task: Task, place: Place, contended: int, cost_parts: Callable[[], Mapping[str, float]] = dict
) -> Candidate:
    parts = place.parts
    score = Score(
        0,
        contended,
        int(parts.get("later_class", 0)),
        parts.get("excess", 0) / WHOLE,
        int(parts.get("replicas", 0)),
        parts.get("cost", 0) / WHOLE,
        parts.get("idle", 0) / WHOLE,
        parts.get("idle_cpu", 0) / _CORE,
    )
    devices = pool.fleet.columns_for(task, place.row, place.column) if pool.fleet.is_divisible else ()
    return Candidate(pool.fleet.names[place.row], score, devices, cost_parts)


def _in_devices(explanation: Explanation, number: int) -> Mapping[str, float]:
    return {name: value / WHOLE for name, value in explanation(number).items()}


def _later_classes(asked: Requirements, pool: Pool) -> Mapping[str, Ints]:
    """Return the place of each node's best class among those that are left open to the pod."""
    if not asked.classes:
        return {}
    order = {name: place for place, name in enumerate(asked.classes)}
    last = len(order)
    places = [min((order.get(name, last) for name in kind), default=last) for kind in pool.fleet.kinds]
    return {"later_class": np.array(places, np.int64)[pool.fleet.kind]}

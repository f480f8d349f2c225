"""Candidates: which of the nodes in question will do for a pod, in the order in which they are to be taken.

Of those in doubt come last, in this order: nodes of classes that the pod likes less, of which pods in flight may take
something first, whose accelerators cannot be seen, which are sick.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice
from typing import Protocol

import numpy as np

from placement.inventory import Inventory
from placement.quantities import MEMORY
from placement.requirements import Requirements, Spread
from placement.scheduling.arrays import Ints, Rows
from placement.scheduling.decisions import Candidate, Score
from placement.scheduling.expectation import Learnt, Pinned
from placement.scheduling.pools import MIB, Pool, Pools, bounded
from placement.scheduling.ranking import Explanation, Place, Policy, Ranking
from placement.scheduling.shortlists import Errand, Listed, Shortlist, Shortlists
from placement.scheduling.tasks import WHOLE, Task
from placement.scheduling.verdicts import Asked, Verdicts

_CORE = 1000

# Costs within this of the least, in thousandths of a device, count as equal where replicas spread.
SPREAD_TOLERANCE = 100

# So many candidates are told what their cost consists of: the winner and its runners-up.
EXPLAINED = 4


class Named(Protocol):
    """Names of nodes, which need not be read to know whether one is among them."""

    def __contains__(self, name: object, /) -> bool:
        """Tell whether it is."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Read them; raises ValueError where that cannot be done."""
        ...


@dataclass(frozen=True)
class Inquiry:
    """What a pod asks of nodes as they stand; `known` returns the policy of a pool, and what is expected of it."""

    asked: Requirements
    inventory: Inventory
    pools: Pools
    sick: AbstractSet[str]
    known: Callable[[Pool], tuple[Policy, Learnt | Pinned]]

    def best(self, found: Verdicts) -> Candidate | None:
        """Return the best candidate."""
        leading = (self._leader(each) for each in found.asked)
        return min(filter(None, (*leading, next(self.unknown(found), None))), key=_order, default=None)

    def candidates(self, found: Verdicts) -> Iterator[Candidate]:
        """Yield the candidates, the best first."""
        return merge(*map(self._in_pool, found.asked), self.unknown(found), key=_order)

    def listed(self, names: Named, lists: Shortlists) -> Candidate | None:
        """Return the best candidate where the list of the best has it and it is not sick; None says nothing."""
        pool, task = lists.pool, lists.pool.task_of(self.asked)
        _, expectation = self.known(pool)
        found = lists.of(Errand(task, self.memory), expectation.mix)

        def is_asked(each: Listed) -> bool:
            name = pool.fleet.names[each.row]
            return name not in self.sick and name in names

        first = next(filter(is_asked, found.listed), None)
        if first is None:
            return None
        place: Place | None = found.place(first)
        if counts := self._counts:
            nodes, by_zone = pool.nodes, self.asked.spread is Spread.ZONE
            place = _apart(
                found, first, lambda row: counts.get(nodes[row].zone if by_zone else nodes[row].name, 0), is_asked
            )
        return _candidate(pool, task, place, Score()) if place else None

    def rankings(self, of: Asked) -> Iterator[tuple[Score, Ranking]]:
        """Yield the rankings of a pool: of nodes without doubts first, then of others with what is in doubt."""
        pool, task, _ = of
        classes, replicas = self._classes(pool), self._replicas(pool)
        for doubt, some in self._by_doubt(of):
            ranking = self._ranking(Asked(pool, task, some))
            yield doubt, ranking.within(replicas, SPREAD_TOLERANCE, classes.get("later_class")).after(classes)

    def unknown(self, found: Verdicts) -> Iterator[Candidate]:
        """Yield the candidates of which nothing can be seen."""
        candidates = (Candidate(name, Score(sick=int(name in self.sick), unknown=1)) for name in found.unknown)
        return iter(sorted(candidates, key=_order))

    def _leader(self, of: Asked) -> Candidate | None:
        """Return the best candidate of a pool."""
        leading = ((doubt, ranking.winner) for doubt, ranking in self.rankings(of))
        return next((_candidate(of.pool, of.task, place, doubt) for doubt, place in leading if place), None)

    def _in_pool(self, of: Asked) -> Iterator[Candidate]:
        """Yield the candidates of a pool, the best first, some of each kind explained."""
        pool, task, _ = of
        policy, expectation = self.known(pool)
        for doubt, ranking in self.rankings(of):
            places = ranking.ordered()
            best = list(islice(places, EXPLAINED))
            explanation = policy.explain(task, pool.fleet, expectation.mix, best)
            for number, place in enumerate(best):
                yield _candidate(pool, task, place, doubt, partial(_in_devices, explanation, number))
            yield from (_candidate(pool, task, place, doubt) for place in places)

    def _by_doubt(self, of: Asked) -> Iterator[tuple[Score, Rows]]:
        """Yield the rows without doubts first, then others by what is in doubt about them."""
        pool, task, rows = of
        free = pool.is_free(task, self.memory, rows)
        if not self.sick and free.all():
            if len(rows):
                yield Score(), rows
            return
        for is_sick, some in self._by_health(pool, rows):
            for contended, flags in enumerate((free[some], ~free[some])):
                if flags.any():
                    yield Score(sick=is_sick, contended=contended), rows[some[flags]]

    def _by_health(self, pool: Pool, rows: Rows) -> Iterator[tuple[int, Rows]]:
        sick = [pool.rows[name] for name in self.sick if name in pool.rows]
        flags = np.isin(rows, sick) if sick else np.zeros(len(rows), np.bool_)
        return enumerate((np.flatnonzero(~flags), np.flatnonzero(flags)))

    def _ranking(self, of: Asked) -> Ranking:
        policy, expectation = self.known(of.pool)
        return policy.rank(of.task, of.pool.fleet, of.rows, expectation.mix)

    def _classes(self, pool: Pool) -> Mapping[str, Ints]:
        """Return the place of each node's best class among those that are left open to the pod."""
        if not self.asked.classes:
            return {}
        order = {name: place for place, name in enumerate(self.asked.classes)}
        last = len(order)
        places = [min((order.get(name, last) for name in kind), default=last) for kind in pool.fleet.kinds]
        return {"later_class": np.array(places, np.int64)[pool.fleet.kind]}

    @property
    def _counts(self) -> Mapping[str, int]:
        """How many replicas of the pod's owner each node has, or each zone, as the pod spreads."""
        asked = self.asked
        if not asked.owner or asked.spread is Spread.NONE:
            return {}
        return self.pools.replicas(asked.owner, by_zone=asked.spread is Spread.ZONE)

    def _replicas(self, pool: Pool) -> Mapping[str, Ints]:
        """Return the same for each node of a pool."""
        counts = self._counts
        return {"replicas": pool.values_of(counts, by_zone=self.asked.spread is Spread.ZONE)} if counts else {}

    @property
    def memory(self) -> int:
        """What the pod asks of memory, in MiB."""
        return -(-bounded(self.asked.requests.get(MEMORY, 0)) // MIB)


def _apart(
    found: Shortlist, first: Listed, replicas: Callable[[int], int], is_asked: Callable[[Listed], bool]
) -> Place | None:
    """Return the place with the fewest replicas among those that cost about as little as the first.

    None where it may be one that is not listed.
    """
    limit = first.parts[0] + SPREAD_TOLERANCE
    best, fewest = first, replicas(first.row)
    for each in found.listed:
        if each.parts[0] > limit or not fewest:
            break
        if each.parts > first.parts and replicas(each.row) < fewest and is_asked(each):
            best, fewest = each, replicas(each.row)
    if fewest and not found.has_all_within(limit):
        return None
    place = found.place(best)
    return place._replace(parts={**place.parts, "replicas": fewest})


def _order(candidate: Candidate) -> tuple[Score, str]:
    return candidate.score, candidate.node


def _candidate(
    pool: Pool, task: Task, place: Place, doubt: Score, cost_parts: Callable[[], Mapping[str, float]] = dict
) -> Candidate:
    parts = place.parts
    score = Score(
        doubt.sick,
        0,
        doubt.contended,
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

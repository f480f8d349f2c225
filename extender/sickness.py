"""Sick nodes: pods that would run elsewhere failed there lately, and none ran; they rank last for a while.

A total order would send every retry to the same node for ever. Who fails on several nodes, fails for its own sake.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from math import inf

# So many failed attempts within so long make a node sick; after a spell the next one does.
FAILURES = 3
WINDOW_SECONDS = 600.0

# A spell lasts so long, and twice as long as the one before where that ended within the longest.
FIRST_SECONDS = 600.0
LONGEST_SECONDS = 3600.0

# Attempts of an owner that failed on more nodes than these within the window, or has made them sick, speak against it
# and not against them.
MAX_NODES_OF_OWNER = 2

# What is older is forgotten, so a judgement takes a millisecond or two where hundreds of nodes are sick.
MAX_FAILURES = 1_000


class Kind(StrEnum):
    """What failed of an attempt to run a pod on a node."""

    BIND = "bind"  # It was asked about again, and is not bound.
    ADMISSION = "admission"  # The node rejected it.
    START = "start"  # A container could not be created or started.


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt to run a pod on a node that failed; `owner` is whose pod it was."""

    node: str
    owner: str
    kind: Kind
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Spell:
    """A time for which a node is sick, in seconds of a clock, and the failures that made it so."""

    since: float
    until: float
    failures: tuple[Failure, ...]
    is_first: bool = True

    @property
    def next_seconds(self) -> float:
        """How long the spell would be that follows it."""
        return min(2 * (self.until - self.since), LONGEST_SECONDS)

    @property
    def by_kind(self) -> Mapping[str, int]:
        """How many failures of each kind made the node sick."""
        return Counter(each.kind.value for each in self.failures)

    def holds_without(self, excused: AbstractSet[str]) -> bool:
        """Tell whether the failures of others than these owners suffice for it."""
        return sum(each.owner not in excused for each in self.failures) >= (FAILURES if self.is_first else 1)


@dataclass
class Sickness:
    """Which nodes are sick; `clock` counts seconds and never goes back."""

    clock: Callable[[], float]
    _failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=MAX_FAILURES))
    _spells: dict[str, Spell] = field(default_factory=dict)
    _sick: frozenset[str] = frozenset()
    _until: float = inf  # When the first of the sick nodes is sick no longer.

    def nodes(self) -> frozenset[str]:
        """Return the sick nodes: the same object until they are others."""
        now = self.clock()
        if now >= self._until:
            self._look(now)
        return self._sick

    def spells(self) -> Mapping[str, Spell]:
        """Return the spell of each sick node."""
        return {node: self._spells[node] for node in sorted(self.nodes())}

    def seconds_left(self, spell: Spell) -> int:
        """Return for how long a spell lasts yet, in seconds."""
        return round(spell.until - self.clock())

    def failed(self, node: str, owner: str, kind: Kind) -> None:
        """Count an attempt that failed."""
        now = self.clock()
        while self._failures and self._failures[0].at <= now - WINDOW_SECONDS:
            self._failures.popleft()
        self._failures.append(Failure(node, owner, kind, now))
        excused = _excused(
            chain(self._failures, *(each.failures for each in self._spells.values() if now < each.until))
        )
        withdrawn = [name for name, spell in self._spells.items() if not spell.holds_without(excused)]
        for name in withdrawn:
            del self._spells[name]
        for name in {node, *withdrawn}:
            self._judge(name, excused, now)
        self._look(now)

    def succeeded(self, node: str) -> None:
        """Forget what speaks against a node: a pod runs there."""
        if node in self._spells or any(each.node == node for each in self._failures):
            self._spells.pop(node, None)
            self._failures = deque((each for each in self._failures if each.node != node), MAX_FAILURES)
            self._look(self.clock())

    def _judge(self, node: str, excused: AbstractSet[str], now: float) -> None:
        """Begin a spell of the node, if there is enough against it and it is not sick already."""
        before = self._spells.get(node)
        since = before.until if before else -inf
        against = tuple(each for each in self._failures if each.node == node and each.owner not in excused)
        later = tuple(each for each in against if each.at >= since)
        if now >= since and len(later) >= (1 if before else FAILURES):
            seconds = before.next_seconds if before else FIRST_SECONDS
            self._spells[node] = Spell(now, now + seconds, later, is_first=before is None)

    def _look(self, now: float) -> None:
        """Forget spells that nothing follows any more, and tell sick nodes anew."""
        self._spells = {node: each for node, each in self._spells.items() if now < each.until + LONGEST_SECONDS}
        ends = {node: each.until for node, each in self._spells.items() if now < each.until}
        self._until = min(ends.values(), default=inf)
        if ends.keys() != self._sick:
            self._sick = frozenset(ends)


def _excused(failures: Iterable[Failure]) -> frozenset[str]:
    """Return the owners that failed on too many nodes to blame these."""
    places = {(each.owner, each.node) for each in failures}
    count = Counter(owner for owner, _ in places)
    return frozenset(owner for owner, nodes in count.items() if nodes > MAX_NODES_OF_OWNER)

"""Promises: classes given to pods that are not seen yet, so that the next pod does not count on the same room."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from placement.admission import Admission
from placement.inventory import Amounts
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod
from placement.roster import Kin, Roster

# A pod that was admitted is seen within milliseconds; one that something else refused afterwards never is.
LIFE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Promise:
    amounts: Amounts
    until: float
    arrival: int


class Promises:
    """Promises of one replica, each kept until its pod is seen or some seconds have passed."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._made: dict[Kin, deque[_Promise]] = {}
        self._sums: dict[str, Counter[str]] = {}

    def make(self, pod: Pod, verdict: Admission, roster: Roster) -> None:
        """Count on the pod that is admitted; one that was mutated before is promised already."""
        choice = verdict.choice
        if not (choice and verdict.classes) or CHOSEN_CLASS in pod.annotations:
            return
        chosen = verdict.classes[0]
        kin = (pod.namespace, pod.owner, chosen)
        made = self._made.setdefault(kin, deque())
        arrival = roster.arrivals.get(kin, 0) + len(made) + 1
        made.append(_Promise(choice.demand, self._now() + LIFE_SECONDS, arrival))
        self._sums.setdefault(chosen, Counter()).update(choice.demand)

    def added_to(self, roster: Roster) -> Roster:
        """Return the roster with what is promised counted as pending."""
        self._forget(roster)
        if not self._made:
            return roster
        return replace(roster, pending=_Together(roster.pending, self._sums))

    def _forget(self, roster: Roster) -> None:
        """Drop what has been kept, or is too old."""
        now = self._now()
        for kin, made in tuple(self._made.items()):
            while made and (made[0].until < now or made[0].arrival <= roster.arrivals.get(kin, 0)):
                self._sums[kin[2]].subtract(made.popleft().amounts)
            if not made:
                del self._made[kin]


class _Together(Mapping[str, Amounts]):
    """What is pending and what is promised, added up for those classes that somebody asks about."""

    def __init__(self, pending: Mapping[str, Amounts], promised: Mapping[str, Amounts]) -> None:
        self._pending = pending
        self._promised = promised

    def __getitem__(self, name: str) -> Amounts:
        return _sum(self._pending.get(name, {}), self._promised.get(name, {}))

    def __iter__(self) -> Iterator[str]:
        return iter({**self._pending, **self._promised})

    def __len__(self) -> int:
        return len({**self._pending, **self._promised})


def _sum(mine: Amounts, others: Amounts) -> Amounts:
    return {**mine, **{name: mine.get(name, 0) + count for name, count in others.items()}}


NONE = Promises()

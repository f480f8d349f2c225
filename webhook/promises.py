"""Promises: classes given to pods that are not seen yet, so that the next pod does not count on the same room."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from placement.admission import Admission
from placement.asking.roster import Kin, Roster
from placement.inventory import Amounts
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod

# A pod that was admitted is seen within milliseconds; one that something else refused afterwards never is.
LIFE_SECONDS = 5.0
# Pods of one owner come soon after each other, and are seen as soon: within a second where an API server is slow.
BUSY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Promise:
    amounts: Amounts
    until: float
    arrival: int


class Promises:
    """Promises of one replica, each kept until its pod is seen or some seconds have passed.

    Of several replicas each reckons that the others promise as much as it does, because what they do is seen as late;
    and while pods of a class come, that each other one is about to promise one more.
    """

    def __init__(self, now: Callable[[], float] = monotonic, replicas: int = 1) -> None:
        self._now = now
        self._replicas = replicas
        self._made: dict[str, _OfClass] = {}
        self._together: tuple[Roster, Roster] | None = None

    def make(self, pod: Pod, verdict: Admission, roster: Roster) -> None:
        """Count on the pod that is admitted; one that was mutated before is promised already."""
        choice = verdict.choice
        if not (choice and verdict.classes) or CHOSEN_CLASS in pod.annotations:
            return
        kin, now = (pod.namespace, pod.owner, verdict.classes[0]), self._now()
        made = self._made.setdefault(kin[2], _OfClass())
        made.forget(now, roster)
        made.add(kin, choice.demand, now, roster.arrivals.get(kin, 0))
        for name in choice.passed & self._made.keys():
            self._made[name].pass_over(now)

    def added_to(self, roster: Roster) -> Roster:
        """Return the roster with what is promised counted as pending: a view that changes with both."""
        if not self._made:
            return roster
        if self._together is None or self._together[0] is not roster:
            self._together = (roster, Roster(_Together(self, roster), roster.groups, roster.arrivals))
        return self._together[1]

    def of(self, chosen: str, roster: Roster) -> Amounts:
        """Return what is promised of a class to pods that are not seen yet."""
        made = self._made.get(chosen)
        if made is None:
            return {}
        now = self._now()
        made.forget(now, roster)
        upcoming = made.last if made.is_busy(now) else {}
        others = self._replicas - 1
        return {
            name: made.amounts.get(name, 0) * self._replicas + upcoming.get(name, 0) * others
            for name in {**made.amounts, **upcoming}
        }


class _OfClass:
    """The promises of one class, and their amounts together."""

    def __init__(self) -> None:
        self.amounts: dict[str, int] = {}
        self.last: Amounts = {}
        self.last_at = float("-inf")
        self._by_kin: dict[Kin, deque[_Promise]] = {}

    def add(self, kin: Kin, amounts: Amounts, now: float, arrived: int) -> None:
        """Take in a promise, of whose kin so many pods have been seen."""
        made = self._by_kin.setdefault(kin, deque())
        made.append(_Promise(amounts, now + LIFE_SECONDS, arrived + len(made) + 1))
        self.last, self.last_at = amounts, now
        self._count(amounts, 1)

    def is_busy(self, now: float) -> bool:
        """Tell whether pods that want the class have been coming, each soon after the one before."""
        return now - self.last_at < BUSY_SECONDS

    def pass_over(self, now: float) -> None:
        """Note one more pod that wanted the class and found it full."""
        self.last_at = now if self.is_busy(now) else self.last_at

    def forget(self, now: float, roster: Roster) -> None:
        """Drop what has been kept, or is too old."""
        for kin, made in tuple(self._by_kin.items()):
            while made and (made[0].until < now or made[0].arrival <= roster.arrivals.get(kin, 0)):
                self._count(made.popleft().amounts, -1)
            if not made:
                del self._by_kin[kin]

    def _count(self, amounts: Amounts, sign: int) -> None:
        for name, count in amounts.items():
            self.amounts[name] = self.amounts.get(name, 0) + sign * count


class _Together(Mapping[str, Amounts]):
    """What is pending and what is promised, added up for those classes that somebody asks about."""

    def __init__(self, promises: Promises, roster: Roster) -> None:
        self._promises = promises
        self._roster = roster

    def __getitem__(self, chosen: str) -> Amounts:
        pending, promised = self._roster.pending.get(chosen, {}), self._promises.of(chosen, self._roster)
        return {**pending, **{name: pending.get(name, 0) + count for name, count in promised.items()}}

    def __iter__(self) -> Iterator[str]:
        return iter(self._roster.pending)

    def __len__(self) -> int:
        return len(self._roster.pending)


NONE = Promises()

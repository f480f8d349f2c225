"""Promises: classes given to pods that are not seen yet, so that the next pod does not count on the same room."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from placement.admission import Admission
from placement.inventory import Amounts
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

    def make(self, pod: Pod, verdict: Admission, roster: Roster) -> None:
        """Count on the pod that is admitted; one that was mutated before is promised already."""
        choice = verdict.choice
        if not (choice and verdict.classes and verdict.mutation.injects):
            return
        kin = (pod.namespace, pod.owner, verdict.classes[0])
        made = self._made.setdefault(kin, deque())
        arrival = roster.arrivals.get(kin, 0) + len(made) + 1
        made.append(_Promise(choice.demand, self._now() + LIFE_SECONDS, arrival))

    def added_to(self, roster: Roster) -> Roster:
        """Return the roster with what is promised counted as pending."""
        self._forget(roster)
        if not self._made:
            return roster
        pending = {name: dict(amounts) for name, amounts in roster.pending.items()}
        for (_, _, chosen), made in self._made.items():
            amounts = pending.setdefault(chosen, {})
            for promise in made:
                for name, count in promise.amounts.items():
                    amounts[name] = amounts.get(name, 0) + count
        return replace(roster, pending=pending)

    def _forget(self, roster: Roster) -> None:
        """Drop what has been kept, or is too old."""
        now = self._now()
        for kin, made in tuple(self._made.items()):
            while made and (made[0].until < now or made[0].arrival <= roster.arrivals.get(kin, 0)):
                made.popleft()
            if not made:
                del self._made[kin]


NONE = Promises()

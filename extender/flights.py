"""Pods in flight: answered a node for, and not yet seen bound."""

from collections.abc import Callable

from extender.ports import Flights
from placement.inventory import Hold

# Volumes may take kube-scheduler ten minutes to bind (bindTimeoutSeconds), and nothing takes longer. A hold older than
# that belongs to a pod whose end was seen before its question came.
MAX_SECONDS = 900.0
MAX_FLIGHTS = 100_000


def _unheard(_node: str) -> None:
    """Tell nobody."""


class FlightLog:
    """Keeps the account's holds of pods in flight from outliving their pods, and from becoming too many.

    `clock` counts seconds and never goes back. Beyond `size` flights the oldest is forgotten. A flight that lands, its
    Binding being sent, lasts until the pod is seen bound or gone, or the Binding is refused, however long that takes.
    `freed` is told of the node of a flight that ended here.
    """

    def __init__(
        self,
        account: Flights,
        clock: Callable[[], float],
        size: int = MAX_FLIGHTS,
        freed: Callable[[str], None] = _unheard,
    ) -> None:
        self._account = account
        self._clock = clock
        self._size = size
        self._freed = freed
        self._begun: dict[str, float] = {}  # When each flight began, the oldest first.
        self._landing: set[str] = set()

    def __len__(self) -> int:
        """How many pods are in flight."""
        self._expire()
        return len(self._account.assumed)

    def begin(self, uid: str, hold: Hold) -> None:
        """Count the pod as in flight, unless it is landing."""
        if self.landing(uid):
            return
        self.end(uid)
        if len(self._begun) >= self._size:
            self._forget(self._oldest)
        self._begun[uid] = self._clock()
        self._account.assume(uid, hold)

    def end(self, uid: str) -> None:
        """Count the pod as in flight no longer, because it is asked about again, unless it is landing."""
        self._expire()
        if not self.landing(uid):
            self._forget(uid)

    def hold_of(self, uid: str) -> Hold | None:
        """Return the hold of a pod in flight."""
        return self._account.assumed.get(uid)

    def landing(self, uid: str) -> Hold | None:
        """Return the hold of a pod in flight whose Binding was sent and not refused."""
        return self.hold_of(uid) if uid in self._landing else None

    def land(self, uid: str, hold: Hold) -> None:
        """Count the pod as in flight with this hold, its Binding being sent."""
        self.begin(uid, hold)
        self._begun.pop(uid, None)
        self._landing = {each for each in self._landing if each in self._account.assumed} | {uid}

    def abort(self, uid: str) -> None:
        """Count the pod as in flight no longer, because its Binding was refused."""
        self._landing.discard(uid)
        self._forget(uid)

    def _expire(self) -> None:
        """Forget the oldest flights, as long as they last too long or have ended."""
        latest = self._clock() - MAX_SECONDS
        while self._begun and (self._begun[self._oldest] <= latest or self._oldest not in self._account.assumed):
            self._forget(self._oldest)

    def _forget(self, uid: str) -> None:
        self._begun.pop(uid, None)
        hold = self._account.assumed.get(uid)
        self._account.forget(uid)
        if hold:
            self._freed(hold.node)

    @property
    def _oldest(self) -> str:
        return next(iter(self._begun))

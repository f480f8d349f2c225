"""Pods in flight: answered a node for, and not yet seen bound."""

from collections.abc import Callable

from extender.ports import Flights
from placement.inventory import Hold

# Volumes may take kube-scheduler ten minutes to bind (bindTimeoutSeconds), and nothing takes longer. A hold older than
# that belongs to a pod whose end was seen before its question came.
MAX_SECONDS = 900.0
MAX_FLIGHTS = 100_000


class FlightLog:
    """Keeps the account's holds of pods in flight from outliving their pods, and from becoming too many.

    `clock` counts seconds and never goes back. Beyond `size` flights the oldest is forgotten.
    """

    def __init__(self, account: Flights, clock: Callable[[], float], size: int = MAX_FLIGHTS) -> None:
        self._account = account
        self._clock = clock
        self._size = size
        self._begun: dict[str, float] = {}  # When each flight began, the oldest first.

    def __len__(self) -> int:
        """How many pods are in flight."""
        self._expire()
        return len(self._account.assumed)

    def begin(self, uid: str, hold: Hold) -> None:
        """Count the pod as in flight."""
        self.end(uid)
        if len(self._begun) >= self._size:
            self._forget(self._oldest)
        self._begun[uid] = self._clock()
        self._account.assume(uid, hold)

    def end(self, uid: str) -> None:
        """Count the pod as in flight no longer, because it is asked about again."""
        self._expire()
        self._forget(uid)

    def _expire(self) -> None:
        latest = self._clock() - MAX_SECONDS
        while self._begun and self._begun[self._oldest] <= latest:
            self._forget(self._oldest)

    def _forget(self, uid: str) -> None:
        self._begun.pop(uid, None)
        self._account.forget(uid)

    @property
    def _oldest(self) -> str:
        return next(iter(self._begun))

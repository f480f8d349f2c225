"""Pods in flight: answered a node for, and not yet seen bound."""

from collections.abc import Callable

from cachetools import TTLCache

from extender.ports import Flights
from placement.inventory import Hold

# Volumes may take kube-scheduler ten minutes to bind (bindTimeoutSeconds), and nothing takes longer. A hold older than
# that belongs to a pod whose end was seen before its question came.
MAX_SECONDS = 900.0
MAX_FLIGHTS = 100_000


class FlightLog:
    """Keeps the account's holds of pods in flight from outliving their pods; `clock` counts seconds."""

    def __init__(self, account: Flights, clock: Callable[[], float]) -> None:
        self._account = account
        self._begun: TTLCache[str, None] = TTLCache(MAX_FLIGHTS, MAX_SECONDS, timer=clock)

    def begin(self, uid: str, hold: Hold) -> None:
        """Count the pod as in flight."""
        for lost, _ in self._begun.expire():
            self._account.forget(lost)
        self._begun[uid] = None
        self._account.assume(uid, hold)

    def end(self, uid: str) -> None:
        """Count the pod as in flight no longer, because it is asked about again."""
        self._account.forget(uid)

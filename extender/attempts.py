"""Attempts: pods on their way to run on the node that was answered, and what becomes of them there.

Kept in memory alone: of pods that were answered before the extender started nothing is counted.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from cluster.api import Api, ApiError
from cluster.bindings import fetch
from cluster.failures import is_rejection
from cluster.observers import Observer
from extender.desk import Decided
from extender.inbox import Inbox
from extender.observers import asked_about
from extender.sickness import Kind, Sickness
from placement.inventory import Hold
from placement.pods import Pod

MAX_ATTEMPTS = 10_000

# A controller that replaces its failed pods at once makes many; beyond this the oldest are not asked for.
MAX_LEFT = 100
LEAST_PAUSE_SECONDS = 0.05

_LOG = logging.getLogger("berth.extender")


class Flights(Protocol):
    """Pods in flight; implemented by extender.flights.FlightLog."""

    def hold_of(self, uid: str) -> Hold | None:
        """Return the hold of a pod in flight."""
        ...

    def landing(self, uid: str) -> Hold | None:
        """Return the hold of a pod whose Binding was sent and not refused."""
        ...


class _Attempt(NamedTuple):
    node: str  # Empty where several nodes passed, so that kube-scheduler chose.
    has_failed: bool = False


def _uncounted(_kind: Kind) -> None:
    """Tell nobody."""


class Attempts(Observer):
    """Tells of each pod once that it failed where it was sent, or that it runs; `count` is told of each failure."""

    def __init__(self, sickness: Sickness, count: Callable[[Kind], None] = _uncounted) -> None:
        self.sickness = sickness
        self._count = count
        self._attempts: LRUCache[str, _Attempt] = LRUCache(MAX_ATTEMPTS)
        self._left: Inbox[str, Pod] = Inbox(MAX_LEFT)

    def answered(self, decided: Decided, flights: Flights) -> None:
        """Be told of a decision that kube-scheduler was answered.

        A pod that it asks about again came back from the node that it was answered: its binding failed, or what
        precedes that. Not so a gang's, which is asked about without ever being bound, one whose Binding is being sent,
        and one that is asked about for one node, as the scheduler's next extender entry does within the same cycle.
        """
        pod = decided.pod
        if flights.landing(pod.uid):
            return
        before = self._attempts.pop(pod.uid, None)
        if before and before.node and not pod.in_gang and asked_about(decided.decision) > 1:
            self._fail(before.node, pod, Kind.BIND)
        if decided.decision.winner:
            hold = flights.hold_of(pod.uid)
            self._attempts[pod.uid] = _Attempt(hold.node if hold else "")

    async def run(self, api: Api) -> None:
        """Ask for ever what became of pods that left before they ran.

        The watch is for unfinished pods: of one that finishes it tells as of one that was deleted, as it stood before.
        """
        while True:
            pod = await self._left.take()
            try:
                found = await fetch(api, pod)
            except (ApiError, ValueError):
                continue  # It was deleted, or nobody knows.
            if found.uid == pod.uid and found.failure:
                self.on_failed(found)
            await asyncio.sleep(LEAST_PAUSE_SECONDS)

    def on_left(self, pod: Pod) -> None:
        """A pod was deleted, or finished; deletion is announced, so one that was is not asked for."""
        if pod.uid in self._attempts and not pod.is_terminating:
            self._left.put(pod.uid, pod)

    def on_running(self, pod: Pod) -> None:
        """A pod runs."""
        if self._attempts.pop(pod.uid, None):
            before = self.sickness.nodes()
            self.sickness.succeeded(pod.node)
            if pod.node in before:
                _LOG.info("node is healed: a pod runs there", extra={"node": pod.node})

    def on_failed(self, pod: Pod) -> None:
        """A pod's node does not run it; it may yet, unless it is finished."""
        attempt = self._attempts.pop(pod.uid, None)
        if attempt is None:
            return
        if not attempt.has_failed:
            self._fail(pod.node, pod, Kind.ADMISSION if is_rejection(pod.failure) else Kind.START)
        if not pod.is_finished:
            self._attempts[pod.uid] = _Attempt(pod.node, has_failed=True)

    def _fail(self, node: str, pod: Pod, kind: Kind) -> None:
        before = self.sickness.nodes()
        self.sickness.failed(node, pod.owner or pod.namespace, kind)
        self._count(kind)
        if node in self.sickness.nodes() - before:
            seconds = self.sickness.seconds_left(self.sickness.spells()[node])
            _LOG.warning("node is sick: pods failed there", extra={"node": node, "seconds": seconds})

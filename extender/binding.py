"""The journey of a Binding that is ours to send, because it tells which devices a pod has shares of.

Devices are held before the Binding is sent, and until the API server has said what became of it: a request that was
lost may have been carried out, or may be yet. So it is sent again, the same to the letter, until it is accepted or
refused, and no other device is chosen meanwhile.

One thing is not ensured: that a Binding is dead which an extender sent that was killed since. kube-apiserver gives up a
request whose connection is lost, and the next extender begins with a consistent list, so it would have to be carried
out later than an extender takes to start. A device may then be promised twice; the node counts as full
(placement.shares), and people are told (extender.trespass).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import chain, repeat
from math import inf
from typing import NamedTuple

from cluster.account import hold_of
from cluster.api import UNREACHABLE, Api, ApiError
from cluster.bindings import bind, fetch
from extender.flights import FlightLog
from extender.ports import Knowledge
from extender.wire_binding import Order
from placement.inventory import Hold, NodeInventory
from placement.keys import DEVICES
from placement.pods import Pod
from placement.shares import SHARES, devices_for, devices_text, held_devices, hold_for, is_closed, left_by_device

_LOG = logging.getLogger("berth.extender")

# kube-scheduler waits for two seconds (httpTimeout in manifests/base/scheduler), and then knows no reason.
ANSWER_SECONDS = 1.5
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

# So long after an order a Binding is sent: a kube-scheduler whose lease (15 s) went to another one orders nothing.
RESEND_SECONDS = 5.0

# kube-apiserver carries no request out after 60 s (--request-timeout).
LOST_SECONDS = 65.0


class Bound(StrEnum):
    """What became of a Binding."""

    BOUND = "bound"
    LOST_RACE = "lost_race"  # The devices were given away since the pod's node was chosen.
    REFUSED = "refused"  # By the API server: the pod is gone, or stands elsewhere.
    NOT_SYNCED = "not_synced"  # The cluster is not known yet, nor what is left of its devices.
    UNRESOLVED = "unresolved"  # Nothing is known of it within the time that kube-scheduler waits.


class Result(NamedTuple):
    """What became of a Binding, and the text that kube-scheduler gets: empty where the pod is bound."""

    bound: Bound
    error: str = ""


def _as_it_is(node: NodeInventory) -> NodeInventory:
    return node


@dataclass
class Binder:
    """Binds pods, each by one Binding however often it is asked to; `reasons` returns what else stands in it.

    `settled` returns a node without what is kept for pods that wait for others to leave: a promise is older than that.
    """

    api: Api
    knowledge: Knowledge
    flights: FlightLog
    reasons: Callable[[Pod, str], Mapping[str, str]]
    answer_seconds: float = ANSWER_SECONDS
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    resend_seconds: float = RESEND_SECONDS
    lost_seconds: float = LOST_SECONDS
    settled: Callable[[NodeInventory], NodeInventory] = _as_it_is
    _landings: dict[str, "_Landing"] = field(default_factory=dict)

    async def bind(self, order: Order) -> Result:
        """Bind a pod, and return what is known of that in time; it is brought to an end in any case."""
        landing = self._landings.get(order.pod.uid) or self._begun(order)
        if landing.order != order:
            return Result(Bound.REFUSED, "berth: the pod is being bound to another node")
        landing.resend_until = asyncio.get_running_loop().time() + self.resend_seconds
        try:
            async with asyncio.timeout(self.answer_seconds):
                return await asyncio.shield(landing.task)
        except TimeoutError:
            return Result(Bound.UNRESOLVED, "berth: the API server has not said yet whether the pod is bound")

    def _begun(self, order: Order) -> "_Landing":
        uid = order.pod.uid
        landing = self._landings[uid] = _Landing(order)
        landing.task = asyncio.create_task(self._landed(landing))
        landing.task.add_done_callback(lambda _: self._landings.pop(uid))
        return landing

    async def _landed(self, landing: "_Landing") -> Result:
        """Choose the devices, hold them, and send the Binding."""
        order = landing.order
        if not self.knowledge.is_synced:
            return Result(Bound.NOT_SYNCED, "berth: the cluster is not known yet")
        try:
            hold = self._promised(order) or await self._chosen(order)
        except ApiError as error:
            return _unresolved(error) if _is_ambiguous(error) else _refused(error)
        except ValueError as error:
            return _refused(error)
        if isinstance(hold, Result):
            return hold
        texts = self._texts(order, hold)  # If that fails, nothing has landed.
        self.flights.land(order.pod.uid, hold)
        result = await self._sent(landing, texts)
        if result.bound is not Bound.BOUND:
            self.flights.abort(order.pod.uid)
        return result

    def _promised(self, order: Order) -> Hold | None:
        """Return what filter has chosen on this node, unless the devices were given away by somebody else meanwhile."""
        hold = self.flights.hold_of(order.pod.uid)
        if hold is None or hold.node != order.node:
            return None
        if not hold.requests.get(SHARES):
            return hold
        node = self.knowledge.inventory.nodes.get(order.node)
        left, devices = left_by_device(self.settled(node)) if node else (), held_devices(hold)
        is_kept = bool(devices) and all(each < len(left) and left[each] >= 0 for each in devices)
        return hold if is_kept and node and not is_closed(node) else None

    async def _chosen(self, order: Order) -> Hold | Result:
        """Choose among the devices that are left; a pod that is bound already needs none.

        Raises ApiError, and MalformedObject for a pod that cannot be understood.
        """
        pod = await fetch(self.api, order.pod)
        known = _verdict(pod, order)
        if known:
            return known
        self.flights.end(pod.uid)
        requests = {name: count for name, count in pod.requests.items() if count > 0}
        devices = devices_for(requests.get(SHARES, 0), self._left(order.node))
        if SHARES in requests and not devices:
            return Result(Bound.LOST_RACE, f"berth: too few free {SHARES} on one device of the node")
        return hold_for(order.node, requests, devices, pod.owner, pod.priority)

    def _left(self, name: str) -> tuple[int, ...]:
        node = self.knowledge.inventory.nodes.get(name)
        return left_by_device(node) if node else ()

    async def _sent(self, landing: "_Landing", texts: Mapping[str, str]) -> Result:
        """Send the Binding until the API server has accepted or refused it, or will not carry it out any more."""
        order, clock = landing.order, asyncio.get_running_loop().time
        said, sent_at = None, -inf
        pauses = chain(self.retry_seconds, repeat(self.retry_seconds[-1]))
        while True:
            if clock() < landing.resend_until:
                sent_at = clock()
                said = await self._answered(order, texts)
                if said and said.bound is Bound.BOUND:
                    return said
            known = await self._known(order)
            if known is None and (said or clock() > sent_at + self.lost_seconds):
                return said or Result(Bound.REFUSED, "berth: the Binding was lost")
            if known and known.bound is not Bound.UNRESOLVED:
                return known
            await asyncio.sleep(next(pauses))

    async def _answered(self, order: Order, texts: Mapping[str, str]) -> Result | None:
        """Send the Binding once, and return the answer: None where it may have been carried out, or may be yet."""
        try:
            await bind(self.api, order.pod, order.node, texts)
        except ApiError as error:
            return None if _is_ambiguous(error) else _refused(error)
        except Exception:  # noqa: BLE001 - whatever failed, the Binding may have arrived, and its devices stay held.
            _LOG.exception("it is not known whether a Binding was sent")
            return None
        return Result(Bound.BOUND)

    def _texts(self, order: Order, hold: Hold) -> Mapping[str, str]:
        devices = held_devices(hold)
        return {**self.reasons(order.pod, order.node), **({DEVICES: devices_text(devices)} if devices else {})}

    async def _known(self, order: Order) -> Result | None:
        """Return what the pod itself tells: None while it is not bound, UNRESOLVED where nobody says."""
        try:
            pod = await fetch(self.api, order.pod)
        except ApiError as error:
            return _refused(error) if error.status == HTTPStatus.NOT_FOUND else Result(Bound.UNRESOLVED)
        except Exception:  # noqa: BLE001 - an answer that cannot be understood is none.
            _LOG.exception("it is not known what became of a Binding")
            return Result(Bound.UNRESOLVED)
        known, account = _verdict(pod, order), self.knowledge.account
        # Where nothing is held any more, the watch was faster, and may have told of the pod's end already.
        if known and known.bound is Bound.BOUND and pod.uid in account.assumed:
            account.assume(pod.uid, hold_of(pod))
        return known


@dataclass
class _Landing:
    """An order that is carried out by a task, which sends the Binding until some time of the loop's clock."""

    order: Order
    resend_until: float = 0.0
    task: asyncio.Task[Result] = field(init=False)


def _verdict(pod: Pod, order: Order) -> Result | None:
    """Return what a pod as it stands says about the order; None while it is not bound."""
    if pod.uid != order.pod.uid:
        return Result(Bound.REFUSED, "berth: the pod is gone, and another one has its name")
    if pod.node == order.node:
        return Result(Bound.BOUND)
    return Result(Bound.REFUSED, "berth: the pod was bound to another node by somebody else") if pod.node else None


def _refused(error: Exception) -> Result:
    return Result(Bound.REFUSED, f"berth: the API server did not bind the pod: {error}")


def _unresolved(error: Exception) -> Result:
    return Result(Bound.UNRESOLVED, f"berth: it is not known whether the pod is bound already: {error}")


def _is_ambiguous(error: ApiError) -> bool:
    """Tell whether the API server may have done what was asked, or may do it the next time."""
    may_pass = (UNREACHABLE, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return error.status in may_pass or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR

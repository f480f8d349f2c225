"""The HTTP handlers: kube-scheduler is answered, and observers are told afterwards; people ask and switch."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from time import perf_counter
from typing import Protocol, TypeVar

import msgspec
from aiohttp import web

from extender import wire_binding
from extender.binding import Binder
from extender.desk import Answer, Decided, Desk, Outcome
from extender.journal import DecisionsQuery, Journal
from extender.lulls import Lulls
from extender.observers import Metrics, Verb
from extender.pages import InventoryQuery, Pages
from extender.preempting import Preempting
from extender.settings import Mode
from extender.wire import MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE, WireError
from intake.bodies import Bodies, RefusedError

_LOG = logging.getLogger("berth.extender")

Q = TypeVar("Q", bound=msgspec.Struct)

Ask = Callable[[bytes], Awaitable[Answer]]


class Observer(Protocol):
    """Is told of each decision after it was answered, and when; must not raise, cannot change it."""

    def __call__(self, decided: Decided, at: datetime, /) -> None:
        """Be told of a decision."""
        ...


@dataclass(frozen=True)
class Handlers:
    """Answers over HTTP what the desk and the journal know."""

    desk: Desk
    journal: Journal
    metrics: Metrics
    observers: Sequence[Observer]
    clock: Callable[[], datetime]
    binder: Binder
    pages: Pages
    bodies: Bodies = field(default_factory=lambda: Bodies(MAX_ARGS_BYTES, MAX_BYTES_AT_ONCE))
    lulls: Lulls = field(default_factory=Lulls)

    async def filter(self, request: web.Request) -> web.Response:
        """Answer ExtenderArgs with an ExtenderFilterResult."""
        return await self._answer(Verb.FILTER, request, _at_once(self.desk.filter))

    async def prioritize(self, request: web.Request) -> web.Response:
        """Answer ExtenderArgs with a HostPriorityList."""
        return await self._answer(Verb.PRIORITIZE, request, _at_once(self.desk.prioritize))

    async def preempt(self, request: web.Request) -> web.Response:
        """Answer ExtenderPreemptionArgs with an ExtenderPreemptionResult."""
        return await self._answer(Verb.PREEMPT, request, _at_once(Preempting(self.desk).preempt))

    async def bind(self, request: web.Request) -> web.Response:
        """Answer ExtenderBindingArgs with an ExtenderBindingResult; other questions are answered meanwhile."""
        return await self._answer(Verb.BIND, request, self._bound)

    async def decisions(self, request: web.Request) -> web.Response:
        """Answer with the last decisions, the newest first, as the query limits them."""
        query = _query(request, DecisionsQuery)
        return _json(200, {"mode": self.desk.mode, "decisions": [each.to_json() for each in self.journal.last(query)]})

    async def decision(self, request: web.Request) -> web.Response:
        """Answer with the last decision about a pod."""
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        record = self.journal.named(namespace, name)
        if record:
            return _json(200, record.to_json())
        return _problem(
            404,
            f"no decision about pod {namespace}/{name} is remembered: it asks for no accelerator that a class knows, "
            "or was not scheduled since the extender started; `berth explain` reads what was written on the pod itself",
        )

    async def mix(self, _request: web.Request) -> web.Response:
        """Answer with the mix of pods that is expected."""
        return _json(200, self.pages.mix())

    async def inventory(self, request: web.Request) -> web.Response:
        """Answer with nodes, as the query limits them, with what is idle and stranded, and what still fits."""
        return _json(200, await self.pages.inventory(_query(request, InventoryQuery)))

    async def mode(self, _request: web.Request) -> web.Response:
        """Answer with the mode."""
        return _json(200, {"mode": self.desk.mode})

    async def switch(self, request: web.Request) -> web.Response:
        """Switch the mode, as `{"mode": "passthrough"}` says."""
        try:
            wanted = msgspec.json.decode(await self.bodies.read(request), type=dict[str, Mode])["mode"]
        except (ValueError, KeyError) as error:
            allowed = " or ".join(f'{{"mode": "{mode}"}}' for mode in Mode)
            return _problem(400, f"{error}; allowed: {allowed}")
        _LOG.warning("mode switched", extra={"mode": wanted.value, "was": self.desk.mode.value})
        self.desk.mode = wanted
        return _json(200, {"mode": wanted})

    async def _bound(self, body: bytes) -> Answer:
        result = await self.binder.bind(wire_binding.parse(body))
        self.metrics.bound(result.bound)
        if result.error:
            _LOG.warning("%s", result.error)
        return Answer(wire_binding.result(result.error), Outcome.ANSWERED)

    async def _answer(self, verb: Verb, request: web.Request, ask: Ask) -> web.Response:
        began = perf_counter()
        self.lulls.asked()
        outcome, response = await self._answered(request, ask)
        self.metrics.answered(verb, outcome, perf_counter() - began)
        return response

    async def _answered(self, request: web.Request, ask: Ask) -> tuple[Outcome, web.Response]:
        """Return the answer: 200, 400 for what cannot be understood, as `Bodies` says for others, 500 where we fail."""
        try:
            answer = await ask(await self.bodies.read(request))
        except WireError as error:
            _LOG.warning("%s", error)
            return Outcome.BAD_REQUEST, _problem(400, str(error))
        except RefusedError as refused:
            outcome, hint = Outcome(refused.reason), "; set nodeCacheCapable in the scheduler's configuration"
            text = f"{refused}{hint if outcome is Outcome.TOO_LARGE else ''}"
            _LOG.warning("%s", text)
            return outcome, _problem(refused.status, text)
        except Exception:  # noqa: BLE001 - whatever fails, kube-scheduler is answered and the metric counts it
            _LOG.exception("a question was not answered")
            return Outcome.FAILED, _problem(500, "Berth failed to answer; its log has the cause")
        if answer.decided:
            asyncio.get_running_loop().call_soon(self._tell, answer.decided)
        return answer.outcome, web.Response(body=answer.body, content_type="application/json")

    def _tell(self, decided: Decided) -> None:
        for observer in self.observers:
            observer(decided, self.clock())


def _at_once(ask: Callable[[bytes], Answer]) -> Ask:
    async def answer(body: bytes) -> Answer:
        return ask(body)

    return answer


def _query(request: web.Request, kind: type[Q]) -> Q:
    """Return the query of a request; raises RefusedError."""
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        allowed = ", ".join(each.encode_name for each in msgspec.structs.fields(kind))
        raise RefusedError(Outcome.BAD_REQUEST, HTTPStatus.BAD_REQUEST, f"{error}; allowed: {allowed}") from None


def _problem(status: int, text: str) -> web.Response:
    return _json(status, {"error": text})


def _json(status: int, content: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")

"""The HTTP application of the webhook."""

import logging
import math
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from intake.bodies import Bodies, Reason, RefusedError
from webhook.desk import Desk
from webhook.observers import Fault
from webhook.validating import Validation
from webhook.wire import MAX_BYTES_AT_ONCE, MAX_REVIEW_BYTES, Question, WireError, parse

PATH = "/mutate"
VALIDATION_PATH = "/validate"
# What is kept of the API server's deadline for the way back.
_MARGIN_SECONDS = 0.2
_LEAST_SECONDS = 0.1
_USUAL_SECONDS = 3.0
_TIMEOUT = re.compile(r"(?:^|&)timeout=([^&]*)")

_LOG = logging.getLogger("berth.webhook")


class Answerer(Protocol):
    """Whoever answers the questions of one path."""

    async def answer(self, question: Question, deadline_seconds: float) -> bytes:
        """Return the answer, within so many seconds."""
        ...

    def fail(self, fault: Fault, detail: str = "") -> None:
        """Be told of a request that got no answer, and why."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP: an AdmissionReview with status 200, a sentence with any other."""

    status: int
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return "application/json" if self.status == HTTPStatus.OK else "text/plain; charset=utf-8"


def create_app(desk: Desk, validation: Validation | None = None, bodies: Bodies | None = None) -> web.Application:
    """Return the application: AdmissionReviews of at most 7 MiB by POST.

    /mutate takes those of pods, and /validate those of classes and profiles, where somebody validates them.
    """
    app, bodies = web.Application(), bodies or Bodies(MAX_REVIEW_BYTES, MAX_BYTES_AT_ONCE)
    app.router.add_post(PATH, _door(desk, bodies))
    if validation is not None:
        app.router.add_post(VALIDATION_PATH, _door(validation, bodies))
    return app


def _door(answerer: Answerer, bodies: Bodies) -> Handler:
    """Return what answers one review over HTTP: as `reply` does, or as `Bodies` refuses it."""

    async def answer(request: web.Request) -> web.Response:
        try:
            body = await bodies.read(request)
        except RefusedError as refused:
            answerer.fail(fault_of(refused.reason), str(refused))
            return web.Response(status=refused.status, text=f"{refused}\n")
        found = _TIMEOUT.search(request.query_string)
        made = await reply(answerer, body, found[1] if found else "")
        return web.Response(status=made.status, body=made.body, headers={hdrs.CONTENT_TYPE: made.content_type})

    return answer


def fault_of(reason: str) -> Fault:
    """Return what a body counts as that is not read: API servers do not break off what they mean."""
    return Fault.BAD_REQUEST if reason == Reason.BROKEN_OFF else Fault(reason)


async def reply(answerer: Answerer, body: bytes, timeout: str = "") -> Reply:  # noqa: ASYNC109 - a word of the request.
    """Return 200 with the answer to a review, 400 for a broken one, 500 when we fail."""
    try:
        return Reply(HTTPStatus.OK, await answerer.answer(parse(body), deadline_seconds(timeout)))
    except WireError as error:
        answerer.fail(Fault.BAD_REQUEST, str(error))
        return Reply(HTTPStatus.BAD_REQUEST, f"{error}\n".encode())
    except Exception:  # noqa: BLE001 - whatever fails, the API server is answered and the metric counts it
        _LOG.exception("admission failed")
        answerer.fail(Fault.FAILED)
        return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, b"Berth failed to answer; its log has the cause\n")


def deadline_seconds(timeout: str) -> float:
    """Return how long the answer may take: what the API server says in `?timeout=3s`, less the way back."""
    text = timeout.removesuffix("s")
    try:
        allowed_seconds = float(text) if text else _USUAL_SECONDS
    except ValueError:
        allowed_seconds = _USUAL_SECONDS
    usable = allowed_seconds if math.isfinite(allowed_seconds) else _USUAL_SECONDS
    return max(usable - _MARGIN_SECONDS, _LEAST_SECONDS)

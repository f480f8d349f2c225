"""The HTTP application of the webhook."""

import logging
import math
import re
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web

from webhook.desk import Desk
from webhook.observers import Event, Outcome
from webhook.wire import MAX_REVIEW_BYTES, WireError, parse

PATH = "/mutate"
# What is kept of the API server's deadline for the way back.
_MARGIN_SECONDS = 0.2
_LEAST_SECONDS = 0.1
_USUAL_SECONDS = 3.0
_TIMEOUT = re.compile(r"(?:^|&)timeout=([^&]*)")

_LOG = logging.getLogger("berth.webhook")
_DESK = web.AppKey("desk", Desk)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP: an AdmissionReview with status 200, a sentence with any other."""

    status: int
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return "application/json" if self.status == HTTPStatus.OK else "text/plain; charset=utf-8"


def create_app(desk: Desk) -> web.Application:
    """Return the application: POST /mutate with an AdmissionReview of a pod, at most 7 MiB."""
    app = web.Application(client_max_size=MAX_REVIEW_BYTES)
    app[_DESK] = desk
    app.router.add_post(PATH, mutate)
    return app


async def mutate(request: web.Request) -> web.Response:
    """Answer one review: as `reply` does, and with 413 where it is too large."""
    desk = request.app[_DESK]
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        desk.observers(Event(Outcome.TOO_LARGE, detail=str(error.text)))
        raise
    found = _TIMEOUT.search(request.query_string)
    answer = await reply(desk, body, found[1] if found else "")
    return web.Response(status=answer.status, body=answer.body, headers={hdrs.CONTENT_TYPE: answer.content_type})


async def reply(desk: Desk, body: bytes, timeout: str = "") -> Reply:  # noqa: ASYNC109 - a word of the request.
    """Return 200 with the answer to a review, 400 for a broken one, 500 when we fail."""
    try:
        return Reply(HTTPStatus.OK, await desk.answer(parse(body), deadline_seconds(timeout)))
    except WireError as error:
        desk.observers(Event(Outcome.BAD_REQUEST, detail=str(error)))
        return Reply(HTTPStatus.BAD_REQUEST, f"{error}\n".encode())
    except Exception:  # noqa: BLE001 - whatever fails, the API server is answered and the metric counts it
        _LOG.exception("admission failed")
        desk.observers(Event(Outcome.FAILED))
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

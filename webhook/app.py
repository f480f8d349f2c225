"""The HTTP application of the webhook."""

import logging
import math

from aiohttp import web

from webhook.desk import Desk
from webhook.observers import Event, Outcome
from webhook.wire import MAX_REVIEW_BYTES, WireError, parse

PATH = "/mutate"
# What is kept of the API server's deadline for the way back.
_MARGIN_SECONDS = 0.2
_LEAST_SECONDS = 0.1
_USUAL_SECONDS = 3.0

_LOG = logging.getLogger("berth.webhook")
_DESK = web.AppKey("desk", Desk)


def create_app(desk: Desk) -> web.Application:
    """Return the application: POST /mutate with an AdmissionReview of a pod, at most 7 MiB."""
    app = web.Application(client_max_size=MAX_REVIEW_BYTES)
    app[_DESK] = desk
    app.router.add_post(PATH, mutate)
    return app


async def mutate(request: web.Request) -> web.Response:
    """Answer one review: 200 with the answer, 400 for a broken one, 413 for one too large, 500 when we fail."""
    desk = request.app[_DESK]
    try:
        question = parse(await request.read())
        body = await desk.answer(question, deadline_seconds(request.query.get("timeout", "")))
    except WireError as error:
        desk.observers(Event(Outcome.BAD_REQUEST, detail=str(error)))
        return web.Response(status=400, text=f"{error}\n")
    except web.HTTPRequestEntityTooLarge as error:
        desk.observers(Event(Outcome.TOO_LARGE, detail=str(error.text)))
        raise
    except Exception:  # noqa: BLE001 - whatever fails, the API server is answered and the metric counts it
        _LOG.exception("admission failed")
        desk.observers(Event(Outcome.FAILED))
        return web.Response(status=500, text="Berth failed to answer; its log has the cause\n")
    return web.Response(body=body, content_type="application/json")


def deadline_seconds(timeout: str) -> float:
    """Return how long the answer may take: what the API server says in `?timeout=3s`, less the way back."""
    text = timeout.removesuffix("s")
    try:
        allowed_seconds = float(text) if text else _USUAL_SECONDS
    except ValueError:
        allowed_seconds = _USUAL_SECONDS
    usable = allowed_seconds if math.isfinite(allowed_seconds) else _USUAL_SECONDS
    return max(usable - _MARGIN_SECONDS, _LEAST_SECONDS)

"""The requests of a barrage: the same for ever, and to every endpoint that the programs serve."""

import re

from aiohttp import web
from prometheus_client import CollectorRegistry

from cluster.api import Api
from extender import app as of_extender
from extender.binding import Binder
from extender.handlers import Handlers
from extender.journal import Journal
from extender.observers import Metrics
from extender.pages import Pages
from tests.extender.known import NOON, desk_of, known
from tests.fuzz.requests import ENDPOINTS, request
from tests.webhook.validations import Gate
from webhook import app as of_webhook
from webhook.desk import Desk
from webhook.observers import Observers

SEED, MANY = 1, 400


def test_a_number_is_the_same_request_for_ever() -> None:
    """What a run found can be looked at again, alone."""
    all_of_them = [request(SEED, each) for each in range(MANY)]

    assert [request(SEED, each) for each in reversed(range(MANY))] == all_of_them[::-1]
    assert request(SEED, 1) != request(SEED + 1, 1)


def test_requests_differ() -> None:
    """Of what is made once, several come that are damaged otherwise."""
    assert len({request(SEED, each).raw for each in range(MANY)}) > MANY * 0.9


def test_no_endpoint_is_left_out() -> None:
    """Whatever a program serves is asked."""
    asked = [(program, method, path) for program, _, method, path, _ in ENDPOINTS]
    for program, app in (("extender", extender()), ("webhook", webhook())):
        for route in app.router.routes():
            pattern = re.compile(re.sub(r"\{[^}]*\}", "[^/]+", route.resource.canonical if route.resource else ""))
            is_asked = any((program, route.method) == each[:2] and pattern.fullmatch(each[2]) for each in asked)
            assert is_asked or route.method == "HEAD", route


def extender() -> web.Application:
    """Return the application of the extender."""
    cluster = known()
    desk = desk_of(cluster)
    binder = Binder(Api(None, None), cluster, desk.flights, lambda _pod, _node: {})
    pages = Pages(cluster, desk.arrivals)
    handlers = Handlers(desk, Journal(), Metrics(CollectorRegistry()), (), lambda: NOON, binder, pages)
    return of_extender.create_app(handlers, "/scheduler")


def webhook() -> web.Application:
    """Return the application of the webhook."""
    gate = Gate()
    return of_webhook.create_app(Desk(gate.knowledge, Observers(CollectorRegistry())), gate.validation)

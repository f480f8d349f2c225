"""The servers under measurement, each in a process of its own: `python -m bench.servers NAME NODES` prints its port.

A floor is the same server with the same decoder and encoder that answers without thinking.
"""

import asyncio
import gc
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CollectorRegistry

from bench.questions import CATALOG, nodes
from cluster.account import Account
from extender.app import create_app as create_extender_app
from extender.desk import Desk as ExtenderDesk
from extender.flights import FlightLog
from extender.handlers import Handlers
from extender.journal import Journal
from extender.observers import Metrics
from extender.wire import MAX_ARGS_BYTES, filter_result
from extender.wire import parse as parse_arguments
from placement.accelerators import Catalog
from placement.inventory import Inventory
from placement.keys import INJECTION
from placement.profiles import Profile
from webhook.app import create_app as create_webhook_app
from webhook.desk import Desk
from webhook.observers import Observers
from webhook.wire import allowed, parse


class Known:
    """A cluster in which nothing changes but the pods in flight: both programs' port to the cluster room, as values."""

    def __init__(self, count: int) -> None:
        self.is_synced = True
        self.catalog: Catalog = CATALOG
        self.profiles = (Profile("all", preferred=("L4",)),)
        self.account = Account()
        self.account.use(CATALOG)
        for node in nodes(count):
            self.account.apply_node(node)

    @property
    def inventory(self) -> Inventory:
        """The nodes, pods in flight counted."""
        return self.account.inventory

    def namespace_labels(self, _name: str) -> Mapping[str, str]:
        """Return the labels of a namespace that opted in."""
        return {INJECTION: "enforce"}

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the same."""
        return self.namespace_labels(name)


def webhook(count: int) -> web.Application:
    """Return the webhook."""
    return create_webhook_app(Desk(Known(count), Observers(CollectorRegistry()), "berth-scheduler"))


def webhook_floor(_count: int) -> web.Application:
    """Return a webhook that admits everything as it is."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=allowed(parse(await request.read())), content_type="application/json")

    app = web.Application()
    app.router.add_post("/mutate", answer)
    return app


def extender(count: int) -> web.Application:
    """Return the extender."""
    known, journal, metrics = Known(count), Journal(), Metrics(CollectorRegistry())
    desk = ExtenderDesk(known, FlightLog(known.account, lambda: 0.0))
    handlers = Handlers(desk, journal, metrics, (metrics, journal), lambda: datetime.now(UTC))
    return create_extender_app(handlers, "/scheduler")


def extender_floor(_count: int) -> web.Application:
    """Return an extender that answers with the first candidate."""

    async def answer(request: web.Request) -> web.Response:
        question = parse_arguments(await request.read())
        return web.Response(body=filter_result(question, question.names[:1], ()), content_type="application/json")

    app = web.Application(client_max_size=MAX_ARGS_BYTES)
    app.router.add_post("/scheduler/filter", answer)
    return app


SERVERS = {each.__name__: each for each in (webhook, webhook_floor, extender, extender_floor)}


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.collect()
    gc.freeze()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(SERVERS[sys.argv[1]](int(sys.argv[2]))))

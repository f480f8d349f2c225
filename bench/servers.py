"""The servers under measurement, each in a process of its own: `python -m bench.servers NAME NODES FOLDER`.

It prints its port, and speaks TLS with the certificate in the folder, if there is one. A floor is the same server with
the same decoder and encoder that answers without thinking.
"""

import asyncio
import gc
import ssl
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

from aiohttp import web
from prometheus_client import CollectorRegistry

from bench import world
from certs.serving import ServingCertificate
from cluster.account import Account
from placement.accelerators import Catalog
from placement.allowances import NO_LIMITS, Allowances
from placement.asking.profiles import Profile
from placement.asking.roster import NOBODY, Roster
from placement.asking.serving import ServingObjects
from placement.inventory import Inventory, NodeInventory
from placement.keys import INJECTION
from placement.queueing.queues import NO_QUEUES
from placement.scaling.supply import NO_SUPPLY
from webhook.app import create_app as create_webhook_app
from webhook.desk import Desk
from webhook.observers import Observers
from webhook.promises import LIFE_SECONDS, Promises
from webhook.seal import FileSeal
from webhook.wire import allowed, parse

_SEEN_AFTER_SECONDS = 0.05


class Known:
    """A cluster in which nothing changes but the pods in flight: both programs' port to the cluster room, as values."""

    def __init__(self, catalog: Catalog, nodes: Iterable[NodeInventory], profiles: tuple[Profile, ...] = ()) -> None:
        self.is_synced = True
        self.serving = ServingObjects()
        self.roster: Roster = NOBODY
        self.queueing = NO_QUEUES
        self.supply = NO_SUPPLY
        self.catalog = catalog
        self.profiles = profiles
        self.account = Account()
        self.account.use(catalog)
        for node in nodes:
            self.account.apply_node(node)

    @property
    def inventory(self) -> Inventory:
        """The nodes, pods in flight counted."""
        return self.account.inventory

    def allowances(self, _namespace: str) -> Allowances:
        """Return what a namespace without limits lets its pods ask for."""
        return NO_LIMITS

    def namespace_labels(self, _name: str) -> Mapping[str, str]:
        """Return the labels of a namespace that opted in."""
        return {INJECTION: "enforce"}

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the same."""
        return self.namespace_labels(name)


def webhook(count: int, folder: Path) -> web.Application:
    """Return the webhook, which seals with the key in the folder as it does in a cluster.

    In a cluster pods are seen soon after their admission; nobody creates these, so what is promised to them is kept for
    as long as that takes.
    """
    known = Known(world.CATALOG, world.nodes(count), world.PROFILED)
    promises = Promises(lambda: monotonic() * LIFE_SECONDS / _SEEN_AFTER_SECONDS)
    desk = Desk(known, Observers(CollectorRegistry()), "berth-scheduler", FileSeal(folder / "tls.key"), promises)
    return create_webhook_app(desk)


def webhook_floor(_count: int, _folder: Path) -> web.Application:
    """Return a webhook that admits everything as it is."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=allowed(parse(await request.read())), content_type="application/json")

    app = web.Application()
    app.router.add_post("/mutate", answer)
    return app


SERVERS = {each.__name__: each for each in (webhook, webhook_floor)}


def _certificate(folder: Path) -> ssl.SSLContext | None:
    certificate = ServingCertificate(folder)
    return certificate.context if certificate.reload() else None


async def _serve(app: web.Application, tls: ssl.SSLContext | None) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    gc.collect()
    gc.freeze()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    name, count, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    asyncio.run(_serve(SERVERS[name](count, place), _certificate(place)))

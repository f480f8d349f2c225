"""Events that are read in the shape of their object, and those that have another."""

import asyncio
from typing import Any

from cluster.account import Account
from cluster.api import Api
from cluster.kinds import RESOURCES, Kind
from cluster.observers import SILENT
from cluster.reflector import Reflector
from cluster.roster import PodRoster
from cluster.stores import PodStore
from tests.cluster.recorders import QUICK, Shelf, until
from tests.cluster.scripted_server import EXPIRED, ScriptedServer, event, listing, watch


def pod(name: str, version: str, cpu: Any = "1") -> dict[str, Any]:
    """Return a bound pod."""
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]
    metadata = {"name": name, "namespace": "ml", "uid": name, "resourceVersion": version}
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": containers}}


async def test_what_has_another_shape_is_told_and_passed_over(server: ScriptedServer, api: Api, shelf: Shelf) -> None:
    """A bookmark without a spec and a pod that cannot be read move the version on; an error asks for a new list."""
    server.script = [
        listing(version="7"),
        watch(event("ADDED", pod("a", "8")), event("ADDED", pod("strange", "9", cpu=["no amount"]))),
        watch(event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "20"}})),
        watch(
            event("MODIFIED", {"metadata": {"name": "odd", "resourceVersion": "21"}}), event("ADDED", pod("b", "22"))
        ),
        watch(EXPIRED),
        listing(pod("c", "30"), version="31"),
    ]
    account = Account()

    reflector = Reflector(api, RESOURCES[Kind.PODS], PodStore(account, PodRoster(), SILENT), shelf, QUICK)
    running = asyncio.create_task(reflector.run())
    await until(lambda: account.node_of("c"))
    running.cancel()

    versions = [each.get("resourceVersion") for each in server.queries]
    assert versions[:6] == [None, "7", "9", "20", "22", None]
    assert ["spec.containers[0]" in shelf.malformed[0], "`spec`" in shelf.malformed[1]] == [True, True]
    assert len(shelf.malformed) == 2
    assert (account.node_of("a"), account.node_of("c")) == (None, "n1")

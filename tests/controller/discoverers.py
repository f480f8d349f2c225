"""Controllers that discover, whole and in part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import SILENT
from cluster.view import ClusterView, Kind
from controller.app import Controller
from controller.discovering.classes import DiscoveredClasses
from controller.discovering.hardware import Hardware
from controller.discovering.standing import StandingClasses
from controller.parts import Context
from controller.ports import Alone, Surroundings
from controller.reconciling.definition import Definition
from controller.reconciling.events import Events
from controller.reconciling.objects import Objects
from tests.controller.test_controller import at_work, settings


@asynccontextmanager
async def discovering(
    api: Api, *, hours: float = 24, excluded: str = "", registry: CollectorRegistry | None = None
) -> AsyncIterator[Controller]:
    """Run a controller that discovers."""
    more = {"discovery": True, "discovery_retention_hours": hours, "discovery_excluded": excluded}
    async with at_work(api, settings().model_copy(update=more), registry) as controller:
        yield controller


async def unwatching(api: Api) -> DiscoveredClasses:
    """Return discovered classes that know the nodes as they are, and of classes what they write themselves."""
    classes = Objects()
    view = ClusterView(api, [Kind.NODES])
    around = Surroundings(Alone(), lambda: datetime.now(UTC), lambda _pass: None, SILENT)
    hardware, definition = Hardware(), Definition(api)
    context = Context(api, view, classes, Objects(), settings(), around, Events(api, around.clock), definition)
    watching = asyncio.create_task(view.run())
    await view.until_synced()
    watching.cancel()
    await definition.settle("")
    hardware.read(hardware.changes(view.inventory))
    hardware.settle()
    discovered = DiscoveredClasses(context, hardware, StandingClasses(classes), is_ready=True)
    classes.listen(discovered.standing.note)
    return discovered

"""The extender: its HTTP application, what runs beside it, and what speaks against calling it ready."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import Observer as WatchObserver
from cluster.view import ClusterView, Kind
from cluster.writers import Reporter
from extender.annotations import Annotations
from extender.arrivals import Arrivals
from extender.binding import Binder
from extender.desk import Desk
from extender.explanations import Explanations
from extender.flights import FlightLog
from extender.gauges import Gauges
from extender.handlers import Handlers
from extender.journal import Journal
from extender.observers import Metrics
from extender.outbox import Outbox
from extender.pages import Pages
from extender.settings import ExtenderSettings
from extender.sightings import Sightings
from extender.waiting import WaitingPods, Wakings
from extender.wire import MAX_ARGS_BYTES
from placement.scheduling.expectations import Expectations
from placement.scheduling.policy import Chooser
from placement.shares import untold

CONTROLLER = "berth.ome.io/extender"

Task = Callable[[], Coroutine[Any, Any, None]]

_UNTOLD = "Nodes with pods that have shares and do not say of which devices: somebody else binds there."

# What decides about a node.
_KINDS = (Kind.NODES, Kind.PODS, Kind.NAMESPACES, Kind.CLASSES, Kind.PROFILES)


@dataclass(frozen=True, slots=True)
class Extender:
    """The application, what runs for ever, by name, and `readiness`, which returns what speaks against questions."""

    app: web.Application
    tasks: Mapping[str, Task]
    readiness: Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the extender is given: the cluster's door, where watches are told, the time, its name, what it expects."""

    api: Api
    registry: CollectorRegistry
    watch_observer: WatchObserver
    clock: Callable[[], datetime]
    instance: str
    expectations: Expectations = field(default_factory=Expectations)


def create_app(handlers: Handlers, prefix: str) -> web.Application:
    """Return the application: filter, prioritize and bind below the prefix, decisions and the mode below /v1."""
    app = web.Application(client_max_size=MAX_ARGS_BYTES)
    app.add_routes(
        [
            web.post(f"{prefix}/filter", handlers.filter),
            web.post(f"{prefix}/prioritize", handlers.prioritize),
            web.post(f"{prefix}/bind", handlers.bind),
            web.get("/v1/decisions/{namespace}/{name}", handlers.decision),
            web.get("/v1/mix", handlers.mix),
            web.get("/v1/inventory", handlers.inventory),
            web.get("/v1/mode", handlers.mode),
            web.put("/v1/mode", handlers.switch),
        ]
    )
    return app


def create_extender(settings: ExtenderSettings, around: Surroundings) -> Extender:
    """Return the extender of a cluster; nothing of it runs yet."""
    sightings = Sightings(around.watch_observer)
    view = ClusterView(around.api, _KINDS, sightings)
    metrics, journal, waiting, outbox = Metrics(around.registry), Journal(), WaitingPods(), Outbox()
    flights = FlightLog(view.account, monotonic, freed=sightings.on_change)
    metrics.watch(lambda: len(flights), lambda: len(view.inventory.nodes))
    metrics.gauge("nodes_with_untold_devices", _UNTOLD, lambda: untold(view.inventory.nodes.values()))
    arrivals = Arrivals(Chooser(around.expectations))
    desk = Desk(view, flights, settings.answer == "all", settings.mode, arrivals, settings.other_pods == "anywhere")
    pages = Pages(view, arrivals)
    Gauges(pages, around.registry)
    annotations = Annotations(around.api, journal, outbox, metrics.writes("annotations", "Placement annotations."))
    binder = Binder(around.api, view, flights, annotations.texts if settings.annotate else lambda _pod, _node: {})
    handlers = Handlers(desk, journal, metrics, (metrics, journal, waiting), around.clock, binder, pages)
    touched = metrics.writes("touches", "Nodes touched to wake pods.")
    wakings = Wakings(around.api, view, waiting, outbox, around.clock, touched)
    explanations = _explanations(settings, around, handlers, outbox)
    tasks: dict[str, Task] = {
        "watches": view.run,
        "writes": outbox.run,
        "wakings": lambda: wakings.run(sightings.changed),
        "arrivals": lambda: _once_synced(view, lambda: arrivals.run(sightings.held, view)),
        "departures": lambda: _once_synced(view, lambda: arrivals.run_departures(sightings.left, view)),
        "explanations": lambda: _once_synced(view, lambda: explanations.run(sightings.waiting)),
    }
    if settings.annotate:
        tasks["annotations"] = lambda: annotations.run(sightings.bound)
    return Extender(
        create_app(handlers, settings.prefix), tasks, lambda: [f"{each} not listed yet" for each in view.unsynced]
    )


def _explanations(settings: ExtenderSettings, around: Surroundings, handlers: Handlers, outbox: Outbox) -> Explanations:
    return Explanations(
        around.api,
        handlers.desk,
        handlers.journal,
        outbox,
        Reporter(CONTROLLER, around.instance),
        around.clock,
        handlers.metrics.writes("events", "Events about pods that wait."),
        settings.scheduler_name,
        settings.events,
    )


async def _once_synced(view: ClusterView, task: Task) -> None:
    """Let it begin when the cluster is known: a survey of half the nodes would tell a lie."""
    await view.until_synced()
    await task()

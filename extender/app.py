"""The extender: its HTTP application, what runs beside it, and what speaks against calling it ready."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.memory import settle
from cluster.observers import Observer as WatchObserver
from cluster.view import ClusterView, Kind
from cluster.writers import Reporter
from extender.annotations import Annotations
from extender.arrivals import Arrivals
from extender.attempts import Attempts
from extender.binding import Binder
from extender.desk import Desk
from extender.explanations import Explanations
from extender.flights import FlightLog
from extender.gauges import Gauges
from extender.handlers import Handlers
from extender.journal import Journal
from extender.lulls import Lulls
from extender.observers import Metrics
from extender.outbox import Outbox
from extender.pages import Pages
from extender.preparations import Preparations
from extender.reception import Reception
from extender.settings import ExtenderSettings, Mode
from extender.sickness import Sickness
from extender.sightings import Sightings
from extender.trespass import Trespasses
from extender.waiting import WaitingPods, Wakings
from placement.scheduling.expectations import Expectations
from placement.scheduling.policy import Chooser
from placement.shares import untold

CONTROLLER = "berth.ome.io/extender"

Task = Callable[[], Coroutine[Any, Any, None]]

_UNTOLD = "Nodes with pods that have shares and do not say of which devices: somebody else binds there."

_TRESPASSED = "Nodes of which bound pods hold what cannot be: somebody else binds there, and they count as full."

_KEPT = "Questions for which the best nodes were known beforehand, and those for which they had to be found."

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
    """What the extender is given: the cluster's door, where watches are told, the time, its name, what it expects.

    `seconds` counts them and never goes back.
    """

    api: Api
    registry: CollectorRegistry
    watch_observer: WatchObserver
    clock: Callable[[], datetime]
    instance: str
    expectations: Expectations = field(default_factory=Expectations)
    seconds: Callable[[], float] = monotonic


def create_app(handlers: Handlers, prefix: str, reception: Reception | None = None) -> web.Application:
    """Return the application: kube-scheduler's verbs below the prefix, decisions and the mode below /v1."""
    app = web.Application(middlewares=[(reception or Reception(handlers.metrics)).receive])
    app.add_routes(
        [
            web.post(f"{prefix}/filter", handlers.filter),
            web.post(f"{prefix}/prioritize", handlers.prioritize),
            web.post(f"{prefix}/preempt", handlers.preempt),
            web.post(f"{prefix}/bind", handlers.bind),
            web.get("/v1/decisions", handlers.decisions),
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
    metrics, sickness = Metrics(around.registry), Sickness(around.seconds)
    attempts = Attempts(sickness, metrics.failed)
    sightings = Sightings(around.watch_observer, attempts=attempts)
    view = ClusterView(around.api, _KINDS, sightings)
    journal, waiting, outbox, later = Journal(sick=sickness.nodes), WaitingPods(), Outbox(), Outbox()
    flights = FlightLog(view.account, around.seconds, freed=sightings.on_change)
    arrivals = Arrivals(Chooser(around.expectations))
    anywhere = settings.other_pods == "anywhere"
    desk = Desk(
        view,
        flights,
        settings.answer == "all",
        settings.mode,
        arrivals,
        anywhere,
        sickness.nodes,
        settings.exhausted == "resolvable",
    )
    pages = Pages(view, arrivals, sickness)
    Gauges(pages, around.registry)
    _measure(metrics, view, desk, sickness)
    lulls = Lulls()
    annotations = Annotations(
        around.api, journal, later, metrics.writes("annotations", "Placement annotations."), lulls
    )
    reasons = annotations.texts if settings.annotate else lambda _pod, _node: {}
    binder = Binder(around.api, view, flights, reasons, settled=desk.nominations.settled)
    preparations = Preparations(desk)
    sightings.wake = preparations.wake
    observers = (
        *(metrics, journal, waiting),
        lambda decided, _at: attempts.answered(decided, flights),
        lambda _decided, _at: preparations.wake(),
    )
    handlers = Handlers(desk, journal, metrics, observers, around.clock, binder, pages, lulls=lulls)
    touched = metrics.writes("touches", "Nodes touched to wake pods.")
    wakings = Wakings(around.api, view, waiting, outbox, around.clock, touched, desk.nominations.end_wait)
    explanations = _explanations(settings, around, handlers, outbox)
    trespasses = _trespasses(settings, around, handlers, outbox)
    tasks: dict[str, Task] = {
        "watches": view.run,
        "memory": lambda: settle(view),
        "writes": outbox.run,
        "writes that wait": later.run,
        "wakings": lambda: wakings.run(sightings.changed),
        "wakings of all": lambda: _once_synced(
            view, lambda: wakings.run_all(sightings.catalogs, lambda: len(sightings.waiting) > 0)
        ),
        "arrivals": lambda: _once_synced(view, lambda: arrivals.run(sightings.held, view)),
        "departures": lambda: _once_synced(view, lambda: arrivals.run_departures(sightings.left, view)),
        "explanations": lambda: _once_synced(view, lambda: explanations.run(sightings.waiting)),
        "trespasses": lambda: _once_synced(view, trespasses.run),
        "attempts": lambda: attempts.run(around.api),
        "preparations": lambda: _once_synced(view, preparations.run),
        "pages": lambda: _once_synced(view, pages.run),
    }
    if settings.annotate:
        tasks["annotations"] = lambda: annotations.run(sightings.bound)
    return Extender(
        create_app(handlers, settings.prefix), tasks, lambda: [f"{each} not listed yet" for each in view.unsynced]
    )


def _measure(metrics: Metrics, view: ClusterView, desk: Desk, sickness: Sickness) -> None:
    """Have metrics read what is known of the cluster, and how the extender is."""
    metrics.watch(lambda: len(desk.flights), lambda: len(view.inventory.nodes))
    metrics.gauge("nodes_with_untold_devices", _UNTOLD, lambda: untold(view.inventory.nodes.values()))
    metrics.gauge("sick_nodes", "Nodes that rank last because pods failed there.", lambda: len(sickness.nodes()))
    metrics.gauge("passthrough", "1 while every node passes.", lambda: desk.mode is Mode.PASSTHROUGH)
    tally = desk.chooser.tally
    metrics.read("kept_total", _KEPT, "outcome", lambda: {"hit": tally.hits, "miss": tally.misses})
    metrics.read("state_age_seconds", "Time since the API server last told of a kind.", "kind", lambda: view.ages)


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


def _trespasses(settings: ExtenderSettings, around: Surroundings, handlers: Handlers, outbox: Outbox) -> Trespasses:
    metrics = handlers.metrics
    count = metrics.writes("trespass_events", "Events about nodes with devices that are promised twice.")
    reporter = Reporter(CONTROLLER, around.instance)
    found = Trespasses(
        around.api, handlers.desk.knowledge, outbox, reporter, around.clock, count, publishes=settings.events
    )
    metrics.gauge("trespassed_nodes", _TRESPASSED, lambda: len(found.nodes))
    return found


async def _once_synced(view: ClusterView, task: Task) -> None:
    """Let it begin when the cluster is known: a survey of half the nodes would tell a lie."""
    await view.until_synced()
    await task()

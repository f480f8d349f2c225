"""The controller: its parts, and what speaks against calling it ready."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from prometheus_client import Metric

from cluster.api import Api
from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class, profile
from cluster.feeds import Feed
from cluster.reflector import Sink
from cluster.view import CLASSES_PATH, PROFILES_PATH, ClusterView, Kind
from controller.class_status.status import class_status
from controller.discovering.discovery import discovery
from controller.leading.gate import LeaderGate, Pace
from controller.overseeing.oversight import oversight
from controller.parts import Context, Part, Task
from controller.ports import Leadership, Surroundings
from controller.queueing.flavors import flavors
from controller.reconciling.conditions import Judgement, readiness
from controller.reconciling.definition import NAME, SECONDS, Definition
from controller.reconciling.events import Events
from controller.reconciling.measures import failures, measured
from controller.reconciling.objects import Objects
from controller.reconciling.statuses import Statuses, no_fields
from controller.reconciling.work import WorkPacing
from controller.scaling import scaling
from controller.settings import ControllerSettings
from controller.sharing.shares import shares
from controller.trusting.trust import trust
from placement.pods import Pod

# What the parts look at. Each kind that may be missing from the cluster is then empty.
WATCHED = (
    Kind.NODES,
    Kind.PODS,
    Kind.NAMESPACES,
    Kind.CLASSES,
    Kind.PROFILES,
    Kind.RUNTIMES,
    Kind.CLUSTER_RUNTIMES,
    Kind.SERVICES,
    Kind.MODELS,
    Kind.CLUSTER_MODELS,
    Kind.NODE_POOLS,
    Kind.AUTOSCALER_STATUS,
    Kind.FLAVORS,
    Kind.CLUSTER_QUEUES,
    Kind.LOCAL_QUEUES,
)
PARTS: tuple[Callable[[Context], Part], ...] = (
    trust,
    shares,
    discovery,
    class_status,
    scaling,
    oversight,
    flavors,
)

# With one write after the other a slow API server would have classes wait for each other.
CLASSES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Controller:
    """What runs for ever, by name, `readiness`, which returns the problems that stand against it, and `metrics`."""

    tasks: dict[str, Task]
    readiness: Callable[[], list[str]]
    metrics: Callable[[], Iterable[Metric]]


def create_controller(api: Api, settings: ControllerSettings, surroundings: Surroundings) -> Controller:
    """Return the controller of a cluster; nothing of it runs yet."""
    classes, profiles, standing_flavors = Objects(), Objects(), Objects()
    pods: Feed[Pod] = Feed()
    beside: dict[Kind, Sink[Any]] = {
        Kind.CLASSES: classes,
        Kind.PROFILES: profiles,
        Kind.PODS: pods,
        Kind.FLAVORS: standing_flavors,
    }
    view = ClusterView(api, WATCHED, surroundings.watch_observer, beside=beside)
    leadership = surroundings.leadership
    gate = LeaderGate(leadership, Pace(settings.writes_per_second, settings.write_burst))
    gated = api.behind(gate)
    events = Events(gated, surroundings.clock)
    definition = Definition(gated)
    context = Context(
        gated, view, classes, profiles, settings, surroundings, events, definition, pods, standing_flavors
    )
    parts = [_definition(context), *(part(context) for part in PARTS)]
    parts.append(_statuses(context, parts))
    parts.append(Part(metrics=partial(measured, leadership, gate, [queue for part in parts for queue in part.queues])))
    return _composed(view, parts, leadership)


def _composed(view: ClusterView, parts: list[Part], leadership: Leadership) -> Controller:
    queues = [queue for part in parts for queue in part.queues]

    def problems() -> list[str]:
        unseen = [f"{kind}: not listed yet" for kind in view.unsynced]
        # What failed is the leader's to repeat: a replica that follows is ready once it sees the cluster.
        failing = chain.from_iterable(map(failures, queues)) if leadership.is_leading else ()
        return [*unseen, *failing, *chain.from_iterable(part.readiness() for part in parts)]

    tasks: dict[str, Task] = {"watches": view.run, **{queue.name: queue.run for queue in queues}}
    for part in parts:
        tasks |= part.tasks
    return Controller(tasks, problems, lambda: chain.from_iterable(part.metrics() for part in parts))


def _definition(context: Context) -> Part:
    """Keep what is known of the definition of AcceleratorClass true."""
    definition = context.definition
    pacing = WorkPacing(resync_seconds=min(SECONDS, context.settings.interval_seconds))
    queue = context.queue("class_definition", definition.settle, lambda: [NAME], pacing)
    # The definition may have come with the first class.
    context.classes.listen(lambda _name: queue.add(NAME) if definition.lacks is None else None)
    return Part((queue,))


def _statuses(context: Context, parts: Iterable[Part]) -> Part:
    """Keep the status of classes and profiles true to what all parts find."""
    fields = next((part.class_fields for part in parts if part.class_fields), no_fields)
    class_judges = (_readiness_of_class, *(each for part in parts for each in part.class_judges))
    profile_judges = (_readiness_of_profile, *(each for part in parts for each in part.profile_judges))
    of_classes = Statuses(context.api, CLASSES_PATH, context.classes, context.clock, class_judges, fields)
    of_profiles = Statuses(context.api, PROFILES_PATH, context.profiles, context.clock, profile_judges)
    pacing = WorkPacing(resync_seconds=context.settings.interval_seconds, at_once=CLASSES_AT_ONCE)
    class_queue = context.queue("class_status", of_classes.settle, lambda: list(context.classes.by_key), pacing)
    profile_queue = context.queue("profile_status", of_profiles.settle, lambda: list(context.profiles.by_key))
    context.classes.listen(class_queue.add)
    context.profiles.listen(profile_queue.add)
    return Part((class_queue, profile_queue))


def _readiness_of_class(seen: CustomObject) -> list[Judgement]:
    return [readiness(_problems(accelerator_class, seen))]


def _readiness_of_profile(seen: CustomObject) -> list[Judgement]:
    return [readiness(_problems(profile, seen))]


def _problems(parse: Callable[[bytes], object], seen: CustomObject) -> tuple[str, ...]:
    """Return what is wrong with an object, in sentences."""
    try:
        parse(seen.raw)
    except InvalidObject as error:
        return error.problems
    return ()

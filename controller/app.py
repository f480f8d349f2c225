"""The controller: its parts, and what speaks against calling it ready."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from prometheus_client import Metric

from cluster.api import Api
from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class, profile
from cluster.view import CLASSES_PATH, PROFILES_PATH, ClusterView, Kind
from controller.conditions import Judgement, readiness
from controller.events import Events
from controller.objects import Objects
from controller.parts import Context, Part, Task
from controller.ports import Surroundings
from controller.settings import ControllerSettings
from controller.shares import shares
from controller.statuses import Statuses, no_fields
from controller.trust import trust

# What the parts look at. Each kind that may be missing from the cluster is then empty.
WATCHED = (Kind.NODES, Kind.PODS, Kind.NAMESPACES, Kind.CLASSES, Kind.PROFILES)
PARTS: tuple[Callable[[Context], Part], ...] = (trust, shares)


@dataclass(frozen=True, slots=True)
class Controller:
    """What runs for ever, by name, `readiness`, which returns the problems that stand against it, and `metrics`."""

    tasks: dict[str, Task]
    readiness: Callable[[], list[str]]
    metrics: Callable[[], Iterable[Metric]]


def create_controller(api: Api, settings: ControllerSettings, surroundings: Surroundings) -> Controller:
    """Return the controller of a cluster; nothing of it runs yet."""
    classes, profiles = Objects(), Objects()
    view = ClusterView(
        api, WATCHED, surroundings.watch_observer, beside={Kind.CLASSES: classes, Kind.PROFILES: profiles}
    )
    context = Context(api, view, classes, profiles, settings, surroundings, Events(api, surroundings.clock))
    parts = [part(context) for part in PARTS]
    parts.append(_statuses(context, parts))
    return _composed(view, parts)


def _composed(view: ClusterView, parts: list[Part]) -> Controller:
    queues = [queue for part in parts for queue in part.queues]

    def problems() -> list[str]:
        unseen = [f"{kind}: not listed yet" for kind in view.unsynced]
        failing = [f"{queue.name} {key}: {said}" for queue in queues for key, said in queue.problems.items()]
        return [*unseen, *failing, *chain.from_iterable(part.readiness() for part in parts)]

    tasks: dict[str, Task] = {"watches": view.run, **{queue.name: queue.run for queue in queues}}
    for part in parts:
        tasks |= part.tasks
    return Controller(tasks, problems, lambda: chain.from_iterable(part.metrics() for part in parts))


def _statuses(context: Context, parts: Iterable[Part]) -> Part:
    """Keep the status of classes and profiles true to what all parts find."""
    fields = next((part.class_fields for part in parts if part.class_fields), no_fields)
    class_judges = (_readiness_of_class, *(each for part in parts for each in part.class_judges))
    profile_judges = (_readiness_of_profile, *(each for part in parts for each in part.profile_judges))
    of_classes = Statuses(context.api, CLASSES_PATH, context.classes, context.clock, class_judges, fields)
    of_profiles = Statuses(context.api, PROFILES_PATH, context.profiles, context.clock, profile_judges)
    class_queue = context.queue("class_status", of_classes.settle, lambda: list(context.classes.by_key))
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

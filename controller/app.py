"""The controller: its duties, and what speaks against calling it ready."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certs.secrets import Places, ensure
from cluster.api import Api
from cluster.observers import Observer as WatchObserver
from cluster.reflector import Reflector
from controller import ca_bundle
from controller.classes import CLASSES, Classes
from controller.duties import Duty
from controller.observers import Observers
from controller.settings import ControllerSettings


@dataclass(frozen=True, slots=True)
class Controller:
    """What runs for ever, by name, and `readiness`, which returns the problems that stand against it."""

    tasks: dict[str, Callable[[], Coroutine[Any, Any, None]]]
    readiness: Callable[[], list[str]]


def create_controller(
    api: Api,
    settings: ControllerSettings,
    observers: Observers,
    watch_observer: WatchObserver,
    clock: Callable[[], datetime],
) -> Controller:
    """Return the controller of a cluster; nothing of it runs yet."""
    classes = Classes(api, clock)
    watch = Reflector(api, CLASSES, classes, watch_observer)
    duties = [
        Duty("trust", lambda: keep_trust(api, settings, clock()), settings.interval_seconds, observers),
        Duty("conditions", classes.judge, settings.interval_seconds, observers, wake=classes.changed),
    ]

    def readiness() -> list[str]:
        unseen = [] if watch.synced.is_set() else ["the accelerator classes have not been listed yet"]
        return [*unseen, *(f"{each.name}: {each.problem}" for each in duties if each.problem)]

    return Controller({"watch of classes": watch.run, **{each.name: each.run for each in duties}}, readiness)


async def keep_trust(api: Api, settings: ControllerSettings, now: datetime) -> list[str]:
    """See that the certificates are there and that the API server trusts them; return changes. Raises ApiError."""
    places = Places(
        settings.namespace, settings.webhook_service, settings.certificate_secret, settings.authority_secret
    )
    ensured = await ensure(api, places, now)
    name = settings.webhook_configuration
    is_changed = await ca_bundle.ensure(api, name, ensured.authority.certificate)
    return ensured.changes + ([f"caBundle of MutatingWebhookConfiguration {name} written"] if is_changed else [])

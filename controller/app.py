"""The controller: its duties, and what speaks against calling it ready."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certs.secrets import Places, ensure
from cluster.api import Api
from cluster.observers import Observer as WatchObserver
from cluster.reflector import Reflector
from cluster.writers import Reporter
from controller import ca_bundle
from controller.duties import Duty
from controller.judges import KINDS, Judge
from controller.observers import Observers
from controller.settings import ControllerSettings
from controller.shares import NODES, SharedNodes

# There is one of it.
REPORTER = Reporter("berth.ome.io/controller", "berth-controller")


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
    interval = settings.interval_seconds
    judges = {kind.name: Judge(api, kind, clock) for kind in KINDS}
    shared = SharedNodes(api, REPORTER, clock)
    watches: dict[str, Reflector[Any]] = {
        kind.name: Reflector(api, kind.resource, judges[kind.name], watch_observer) for kind in KINDS
    }
    watches["Node"] = Reflector(api, NODES, shared, watch_observer)
    duties = [
        Duty("trust", lambda: keep_trust(api, settings, clock()), interval, observers),
        *(Duty(kind.duty, judges[kind.name].judge, interval, observers, judges[kind.name].changed) for kind in KINDS),
        Duty("shares", shared.look, interval, observers, shared.changed),
    ]

    def readiness() -> list[str]:
        unseen = [f"{name}: not listed yet" for name, each in watches.items() if not each.synced.is_set()]
        return [*unseen, *(f"{each.name}: {each.problem}" for each in duties if each.problem)]

    looking = {f"watch of {name}": each.run for name, each in watches.items()}
    return Controller({**looking, **{each.name: each.run for each in duties}}, readiness)


async def keep_trust(api: Api, settings: ControllerSettings, now: datetime) -> list[str]:
    """See that the certificates are there and that the API server trusts them; return changes. Raises ApiError."""
    places = Places(
        settings.namespace, settings.webhook_service, settings.certificate_secret, settings.authority_secret
    )
    ensured = await ensure(api, places, now)
    name = settings.webhook_configuration
    is_changed = await ca_bundle.ensure(api, name, ensured.authority.certificate)
    return ensured.changes + ([f"caBundle of MutatingWebhookConfiguration {name} written"] if is_changed else [])

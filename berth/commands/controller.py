"""`berth controller`: compose the controller and run it."""

import argparse
import os
import secrets
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from berth import programs
from controller.settings import ControllerSettings

if TYPE_CHECKING:
    from cluster.api import Api
    from controller.leading.leadership import Lease
    from controller.observers import Observers


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the settings of the controller."""
    parser.description = (
        "Make AcceleratorClasses of the hardware that nodes show, and keep their status true; keep Kueue's flavors\n"
        "and classes in step; tell of pods that slipped through or are stuck; let nodes offer shares of devices; keep\n"
        "the webhook's certificates in their Secrets, and whom the API server trusts in the webhook configurations."
    )
    programs.configure(
        parser,
        "controller",
        ControllerSettings,
        _compose,
        "berth controller --namespace berth-system --log-level debug",
    )


async def _compose(settings: ControllerSettings) -> None:
    from berth.build import build_of, program_registry
    from berth.metrics_access import access
    from berth.serving import Program, serve
    from berth.watches import WatchObserver
    from cluster.api import Api
    from controller.app import create_controller
    from controller.observers import Observers
    from controller.ports import Alone, Surroundings
    from controller.reconciling.measures import Measures

    registry = program_registry("controller", build_of(os.environ))
    observers = Observers(registry)
    async with Api.connect(settings.kubeconfig) as api:
        lease = _lease(settings, api, observers) if settings.leader_election else None
        surroundings = Surroundings(lease or Alone(), lambda: datetime.now(UTC), observers, WatchObserver(registry))
        controller = create_controller(api, settings, surroundings)
        registry.register(Measures(controller.metrics))
        tasks = {"lease": lease.run, **controller.tasks} if lease else controller.tasks

        def readiness() -> list[str]:
            return [*([f"lease: {lease.problem}"] if lease and lease.problem else []), *controller.readiness()]

        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(readiness, registry, *health, tasks=tasks, access=access(settings, api)))


def _lease(settings: ControllerSettings, api: "Api", observers: "Observers") -> "Lease":
    """Return the lease of this process; in a cluster, the host's name is the pod's."""
    from cluster.leases import StoredLease
    from controller.leading.leadership import Lease, LeaseTiming

    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    store = StoredLease(api, settings.namespace, settings.lease_name)
    return Lease(store, identity, observers.on_attempt, LeaseTiming(settings.lease_duration_seconds))

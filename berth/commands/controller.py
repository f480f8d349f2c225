"""`berth controller`: compose the controller and run it."""

import argparse
from datetime import UTC, datetime

from berth import programs
from controller.settings import ControllerSettings


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the settings of the controller."""
    parser.description = (
        "Keep the webhook's certificates in their Secrets and its caBundle in the webhook configuration, say in each\n"
        "AcceleratorClass, as condition Ready, whether it can be chosen, and let nodes offer shares of their devices."
    )
    programs.configure(
        parser,
        "controller",
        ControllerSettings,
        _compose,
        "berth controller --namespace berth-system --log-level debug",
    )


async def _compose(settings: ControllerSettings) -> None:
    from prometheus_client import CollectorRegistry

    from berth.serving import Program, serve
    from berth.watches import WatchObserver
    from cluster.api import Api
    from controller.app import create_controller
    from controller.observers import Observers
    from controller.ports import Alone, Surroundings

    registry = CollectorRegistry()
    async with Api.connect(settings.kubeconfig) as api:
        surroundings = Surroundings(Alone(), lambda: datetime.now(UTC), Observers(registry), WatchObserver(registry))
        controller = create_controller(api, settings, surroundings)
        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(controller.readiness, registry, *health, tasks=controller.tasks))

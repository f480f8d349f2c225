"""`berth extender`: compose the scheduler extender and run it."""

import argparse
import socket
from datetime import UTC, datetime

from berth import programs
from extender.settings import ExtenderSettings


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the settings of the extender."""
    parser.description = (
        "Answer kube-scheduler about pods that ask for accelerators: which nodes fit, and which of them leaves most\n"
        "useful room. GET /v1/decisions/NAMESPACE/NAME tells why."
    )
    example = "berth extender --kubeconfig ~/.kube/config --port 8888"
    programs.configure(parser, "extender", ExtenderSettings, _compose, example)


async def _compose(settings: ExtenderSettings) -> None:
    from prometheus_client import CollectorRegistry

    from berth.serving import Listener, Program, serve
    from berth.watches import WatchObserver
    from cluster.api import Api
    from extender.app import Surroundings, create_extender

    registry = CollectorRegistry()
    async with Api.connect(settings.kubeconfig) as api:
        around = Surroundings(api, registry, WatchObserver(registry), lambda: datetime.now(UTC), socket.gethostname())
        extender = create_extender(settings, around)
        listener = Listener("extender", extender.app, settings.address, settings.port)
        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(extender.readiness, registry, *health, (listener,), extender.tasks))

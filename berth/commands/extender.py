"""`berth extender`: compose the scheduler extender and run it."""

import argparse
import socket
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

from berth import programs
from extender.settings import ExtenderSettings
from placement.scheduling.tasks import Task


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the settings of the extender."""
    parser.description = (
        "Answer kube-scheduler about pods that ask for accelerators: which nodes fit, and which of them leaves most\n"
        "useful room. GET /v1/decisions/NAMESPACE/NAME tells why."
    )
    example = "berth extender --kubeconfig ~/.kube/config --port 8888"
    programs.configure(parser, "extender", ExtenderSettings, _compose, example)


def _compose(settings: ExtenderSettings) -> Coroutine[Any, Any, None]:
    """Return the program; raises SettingsError."""
    return _program(settings, _known_mix(settings))


async def _program(settings: ExtenderSettings, known: Mapping[str, Mapping[Task, float]]) -> None:
    from prometheus_client import CollectorRegistry

    from berth.serving import Listener, Program, serve
    from berth.watches import WatchObserver
    from cluster.api import Api
    from extender.app import Surroundings, create_extender
    from placement.scheduling.expectations import Expectations

    expectations = Expectations(known, is_pinned=settings.mix == "pinned")
    registry = CollectorRegistry()
    async with Api.connect(settings.kubeconfig) as api:
        around = Surroundings(
            api, registry, WatchObserver(registry), lambda: datetime.now(UTC), socket.gethostname(), expectations
        )
        extender = create_extender(settings, around)
        listener = Listener("extender", extender.app, settings.address, settings.port)
        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(extender.readiness, registry, *health, (listener,), extender.tasks))


def _known_mix(settings: ExtenderSettings) -> Mapping[str, Mapping[Task, float]]:
    """Return what a file says of the mix; raises SettingsError."""
    from berth.settings import SettingsError
    from extender.mixes import MixFileError, read_mix

    if settings.mix_file is None:
        if settings.mix == "pinned":
            raise SettingsError(["mix: pinned needs mix_file, which says what is expected"])
        return {}
    try:
        return read_mix(settings.mix_file)
    except MixFileError as error:
        raise SettingsError([str(error)]) from None

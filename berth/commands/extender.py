"""`berth extender`: compose the scheduler extender and run it."""

import argparse
import os
import socket
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any

from berth import programs
from extender.settings import ExtenderSettings
from placement.scheduling.tasks import Task

if TYPE_CHECKING:  # What a program needs is imported when it runs, so that `berth --help` is fast.
    from prometheus_client import CollectorRegistry

    from certs.serving import ServingCertificate


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
    _check_address(settings)
    return _program(settings, _known_mix(settings))


async def _program(settings: ExtenderSettings, known: Mapping[str, Mapping[Task, float]]) -> None:
    from berth.build import build_of, program_registry
    from berth.metrics_access import access
    from berth.serving import Listener, Program, serve
    from berth.watches import WatchObserver
    from cluster.api import Api
    from extender.app import Surroundings, create_extender
    from placement.scheduling.expectations import Expectations

    expectations = Expectations(known, is_pinned=settings.mix == "pinned")
    registry = program_registry("extender", build_of(os.environ))
    async with Api.connect(settings.kubeconfig) as api:
        around = Surroundings(
            api, registry, WatchObserver(registry), lambda: datetime.now(UTC), socket.gethostname(), expectations
        )
        extender = create_extender(settings, around)
        certificate = _certificate(settings, registry)
        tls = certificate.context if certificate else None
        listener = Listener("extender", extender.app, settings.address, settings.port, tls)

        def readiness() -> list[str]:
            return [*(certificate.problems(datetime.now(UTC)) if certificate else ()), *extender.readiness()]

        tasks = {**extender.tasks, **({"certificate": certificate.follow} if certificate else {})}
        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(readiness, registry, *health, (listener,), tasks, access=access(settings, api)))


def _certificate(settings: ExtenderSettings, registry: "CollectorRegistry") -> "ServingCertificate | None":
    """Return what is served over TLS, if that is wanted, to callers who show a certificate."""
    if settings.certificate_directory is None:
        return None
    from berth.certificate_gauge import CertificateGauge
    from certs.serving import ServingCertificate
    from extender.callers import CallerMetrics

    certificate = ServingCertificate(settings.certificate_directory, CallerMetrics(registry, monotonic))
    registry.register(CertificateGauge(certificate))
    return certificate


def _check_address(settings: ExtenderSettings) -> None:
    """Raise SettingsError where strangers could ask."""
    from berth.settings import SettingsError

    if settings.certificate_directory is None and not _is_loopback(settings.address):
        found = f"address: found {settings.address!r}, allowed: an address of the loopback, such as 127.0.0.1"
        raise SettingsError([f"{found}; elsewhere certificate_directory must keep strangers out"])


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False


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

"""`berth webhook`: compose the admission webhook and run it."""

import argparse
import os
from datetime import UTC, datetime

from berth import programs
from webhook.settings import WebhookSettings


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the settings of the webhook."""
    parser.description = (
        "Answer the API server about new pods: choose an accelerator class, and inject what that class needs. It may\n"
        "start before its certificate is there, and is not ready until then."
    )
    example = "berth webhook --kubeconfig ~/.kube/config --certificate-directory ./tls"
    programs.configure(parser, "webhook", WebhookSettings, _compose, example)


async def _compose(settings: WebhookSettings) -> None:
    from berth.build import build_of, program_registry
    from berth.certificate_gauge import CertificateGauge
    from berth.metrics_access import access
    from berth.serving import Listener, Program, serve
    from berth.watches import WatchObserver
    from certs.serving import ServingCertificate
    from cluster.api import Api
    from cluster.memory import settle
    from cluster.view import ClusterView, Kind
    from webhook.app import create_app
    from webhook.desk import Desk
    from webhook.observers import Observers
    from webhook.promises import Promises
    from webhook.seal import FileSeal
    from webhook.validating import Validation
    from webhook.validation_observers import ValidationObservers

    registry = program_registry("webhook", build_of(os.environ))
    certificate = ServingCertificate(settings.certificate_directory)
    registry.register(CertificateGauge(certificate))
    async with Api.connect(settings.kubeconfig) as api:
        view = ClusterView(api, Kind, WatchObserver(registry))

        def readiness() -> list[str]:
            return certificate.problems(datetime.now(UTC)) + [f"{kind} are not listed yet" for kind in view.unsynced]

        seal = FileSeal(settings.certificate_directory / "tls.key")
        promises = Promises(replicas=settings.replicas)
        desk = Desk(view, Observers(registry), settings.scheduler_name, seal, promises)
        app = create_app(desk, Validation(view, ValidationObservers(registry)))
        listener = Listener("webhook", app, settings.address, settings.port, certificate.context)
        tasks = {"view": view.run, "memory": lambda: settle(view), "certificate": certificate.follow}
        health = (settings.metrics_address, settings.metrics_port)
        await serve(Program(readiness, registry, *health, (listener,), tasks, access=access(settings, api)))

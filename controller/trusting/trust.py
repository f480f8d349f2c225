"""Trust: that the API server trusts what the webhook serves, while that is being replaced too."""

from collections.abc import Mapping
from http import HTTPStatus

from certs.given import Trust
from certs.lifetimes import USUAL, Lifetimes
from certs.secrets import Places
from cluster.api import Api, ApiError
from controller.parts import Context, Part
from controller.reconciling.work import WorkPacing
from controller.trusting import ca_bundle
from controller.trusting.ca_bundle import Configuration, Service
from controller.trusting.sources import GIVEN_SECONDS, GivenSource, OwnSource, Served, Source

Configurations = Mapping[str, Configuration]


def trust(context: Context, lifetimes: Lifetimes = USUAL) -> Part:
    """See to the webhook's certificate, and to its caBundle in the webhook configurations."""
    settings = context.settings
    service = Service(settings.namespace, settings.webhook_service)
    source = _source(context, lifetimes)

    async def settle(name: str) -> list[str]:
        configurations = await _configurations(context.api, name)
        _refuse_others(configurations, service)
        told = [bundle for each in configurations.values() for bundle in each.bundles.values()]
        served = await source.serve(told, context.clock())
        if not configurations:
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f'no webhook configuration "{name}" is there to be told')
        changes = [*served.changes, *await _written(context.api, configurations, served)]
        if wrong := [*served.problems, *_distrust(configurations, served)]:
            raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", "; ".join(wrong))
        return changes

    pacing = WorkPacing(resync_seconds=source.seconds)
    queue = context.queue("trust", settle, lambda: [settings.webhook_configuration], pacing)

    def readiness() -> list[str]:
        waits = context.surroundings.leadership.is_leading and not queue.has_looked
        return ["trust: not looked at yet"] if waits else []

    return Part((queue,), readiness=readiness)


def _source(context: Context, lifetimes: Lifetimes) -> Source:
    settings = context.settings
    places = Places(
        settings.namespace, settings.webhook_service, settings.certificate_secret, settings.authority_secret
    )
    if settings.certificate_source == "own":
        return OwnSource(context.api, places, settings.interval_seconds, lifetimes)
    return GivenSource(context.api, places, min(GIVEN_SECONDS, settings.interval_seconds), Trust(lifetimes))


async def _configurations(api: Api, name: str) -> Configurations:
    """Return the configurations of that name by their paths."""
    found = {path: await ca_bundle.found(api, path) for path in ca_bundle.paths(name)}
    return {path: each for path, each in found.items() if each is not None}


def _refuse_others(configurations: Configurations, service: Service) -> None:
    """Leave a configuration alone that calls another installation's webhook: two writers would undo each other's."""
    for path, configuration in configurations.items():
        for other in configuration.services - {service}:
            raise ApiError(
                HTTPStatus.CONFLICT,
                "Conflict",
                f"{ca_bundle.said(path)} calls Service {other.namespace}/{other.name}, not {service.namespace}/"
                f"{service.name}: it belongs to another installation of Berth, of which a cluster has one; uninstall "
                "either",
            )


async def _written(api: Api, configurations: Configurations, served: Served) -> list[str]:
    """Write the bundle where it is ours to keep; return what was written, in words."""
    ours = [path for path, each in configurations.items() if served.bundle and not each.is_injected]
    return [
        f"caBundle of {ca_bundle.said(path)} written"
        for path in ours
        if await ca_bundle.ensure(api, path, served.bundle)
    ]


def _distrust(configurations: Configurations, served: Served) -> list[str]:
    """Return who keeps a bundle that is not ours to keep, and that does not trust what is served."""
    return [
        f"{ca_bundle.said(path)} {name} does not trust what is served, and its caBundle is kept by {_keeper(each)}"
        for path, each in configurations.items()
        if each.is_injected or not served.bundle
        for name, bundle in each.bundles.items()
        if not served.is_trusted_by(bundle)
    ]


def _keeper(configuration: Configuration) -> str:
    if configuration.is_injected:
        return "cert-manager's cainjector, which its annotation asks for"
    return "you, as the Secret has no ca.crt"

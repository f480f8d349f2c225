"""Trust: that the certificates are there, and that the API server trusts them, while they are being replaced too."""

from collections.abc import Mapping
from http import HTTPStatus

from certs.lifetimes import USUAL, Lifetimes
from certs.secrets import Places, ensure
from cluster.api import Api, ApiError
from controller.parts import Context, Part
from controller.trusting import ca_bundle


def trust(context: Context, lifetimes: Lifetimes = USUAL) -> Part:
    """Keep the webhook's certificates in their Secrets and its caBundle in the webhook configurations."""
    settings = context.settings
    places = Places(
        settings.namespace, settings.webhook_service, settings.certificate_secret, settings.authority_secret
    )

    async def settle(name: str) -> list[str]:
        configurations = await _configurations(context.api, name)
        told = [bundle for each in configurations.values() for bundle in each.values()]
        ensured = await ensure(context.api, places, context.clock(), told, lifetimes)
        if not configurations:
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f'no webhook configuration "{name}" is there to be told')
        bundle = ensured.authorities.trust
        written = [path for path in configurations if await ca_bundle.ensure(context.api, path, bundle)]
        return [*ensured.changes, *(f"caBundle of {path.rpartition('/v1/')[2]} written" for path in written)]

    queue = context.queue("trust", settle, lambda: [settings.webhook_configuration])

    def readiness() -> list[str]:
        waits = context.surroundings.leadership.is_leading and not queue.has_looked
        return ["trust: not looked at yet"] if waits else []

    return Part((queue,), readiness=readiness)


async def _configurations(api: Api, name: str) -> Mapping[str, Mapping[str, bytes]]:
    """Return the bundles of the webhooks of the configurations of that name, by the configuration's path."""
    told = {path: await ca_bundle.told(api, path) for path in ca_bundle.paths(name)}
    return {path: each for path, each in told.items() if each is not None}

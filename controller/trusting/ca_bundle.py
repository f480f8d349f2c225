"""The caBundle of webhook configurations: whom the API server trusts when it calls a webhook."""

import base64
import binascii
from http import HTTPStatus

import msgspec

from cluster.api import Api, ApiError, PatchKind

_PATHS = (
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
)
# By these, cert-manager's cainjector is asked to keep the caBundle (cert-manager.io/docs/concepts/ca-injector).
_INJECTED = {
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
}


class Service(msgspec.Struct, frozen=True):
    """The Service by which an API server calls a webhook."""

    namespace: str
    name: str


class _ClientConfig(msgspec.Struct, rename={"ca_bundle": "caBundle"}):
    ca_bundle: str = ""
    service: Service | None = None


class _Webhook(msgspec.Struct, rename={"client_config": "clientConfig"}):
    name: str
    client_config: _ClientConfig


class _Metadata(msgspec.Struct):
    annotations: dict[str, str] = {}


class Configuration(msgspec.Struct):
    """A configuration of webhooks, as far as it tells whom to call and whom to trust."""

    metadata: _Metadata
    webhooks: list[_Webhook] | None = None

    @property
    def bundles(self) -> dict[str, bytes]:
        """The bundle of each webhook, as PEM."""
        return {each.name: _decoded(each.client_config.ca_bundle) for each in self.webhooks or ()}

    @property
    def services(self) -> set[Service]:
        """The Services that are called; none where webhooks are called by address."""
        return {each.client_config.service for each in self.webhooks or () if each.client_config.service}

    @property
    def is_injected(self) -> bool:
        """Whether cert-manager's cainjector keeps the bundles."""
        return not _INJECTED.isdisjoint(self.metadata.annotations)


def paths(name: str) -> tuple[str, ...]:
    """Return where the configurations of a name are: one of mutating webhooks, one of validating ones."""
    return tuple(f"{each}/{name}" for each in _PATHS)


def said(path: str) -> str:
    """Return the configuration of a path as people name it."""
    return path.rpartition("/v1/")[2]


async def found(api: Api, path: str) -> Configuration | None:
    """Return the configuration, None where there is none. Raises ApiError."""
    try:
        return msgspec.json.decode(await api.get(path), type=Configuration)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


async def told(api: Api, path: str) -> dict[str, bytes] | None:
    """Return the bundle of each webhook of a configuration, as PEM; None where there is none. Raises ApiError."""
    configuration = await found(api, path)
    return None if configuration is None else configuration.bundles


async def ensure(api: Api, path: str, bundle: bytes) -> bool:
    """Set the bundle on every webhook of a configuration that has another; tell whether any had. Raises ApiError."""
    others = [name for name, held in (await told(api, path) or {}).items() if held != bundle]
    if others:
        wanted = base64.b64encode(bundle).decode()
        # A strategic merge finds the webhooks by name, so an order that changed meanwhile does no harm.
        patch = {"webhooks": [{"name": each, "clientConfig": {"caBundle": wanted}} for each in others]}
        await api.patch(path, patch, PatchKind.STRATEGIC)
    return bool(others)


def _decoded(bundle: str) -> bytes:
    try:
        return base64.b64decode(bundle)
    except binascii.Error:
        return b""

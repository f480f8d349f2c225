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


class _ClientConfig(msgspec.Struct, rename={"ca_bundle": "caBundle"}):
    ca_bundle: str = ""


class _Webhook(msgspec.Struct, rename={"client_config": "clientConfig"}):
    name: str
    client_config: _ClientConfig


class _Configuration(msgspec.Struct):
    webhooks: list[_Webhook] | None = None


def paths(name: str) -> tuple[str, ...]:
    """Return where the configurations of a name are: one of mutating webhooks, one of validating ones."""
    return tuple(f"{each}/{name}" for each in _PATHS)


async def told(api: Api, path: str) -> dict[str, bytes] | None:
    """Return the bundle of each webhook of a configuration, as PEM; None where there is none. Raises ApiError."""
    found = await _found(api, path)
    return None if found is None else {each.name: _decoded(each.client_config.ca_bundle) for each in found}


async def ensure(api: Api, path: str, bundle: bytes) -> bool:
    """Set the bundle on every webhook of a configuration that has another; tell whether any had. Raises ApiError."""
    wanted = base64.b64encode(bundle).decode()
    others = [each.name for each in await _found(api, path) or [] if each.client_config.ca_bundle != wanted]
    if others:
        # A strategic merge finds the webhooks by name, so an order that changed meanwhile does no harm.
        patch = {"webhooks": [{"name": each, "clientConfig": {"caBundle": wanted}} for each in others]}
        await api.patch(path, patch, PatchKind.STRATEGIC)
    return bool(others)


async def _found(api: Api, path: str) -> list[_Webhook] | None:
    try:
        return msgspec.json.decode(await api.get(path), type=_Configuration).webhooks or []
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _decoded(bundle: str) -> bytes:
    try:
        return base64.b64decode(bundle)
    except binascii.Error:
        return b""

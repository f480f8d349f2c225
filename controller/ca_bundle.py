"""The caBundle of the webhook configuration: whom the API server trusts when it calls the webhook."""

import base64

import msgspec

from cluster.api import Api, PatchKind

PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class _ClientConfig(msgspec.Struct, rename={"ca_bundle": "caBundle"}):
    ca_bundle: str = ""


class _Webhook(msgspec.Struct, rename={"client_config": "clientConfig"}):
    name: str
    client_config: _ClientConfig


class _Configuration(msgspec.Struct):
    webhooks: list[_Webhook] | None = None


async def ensure(api: Api, name: str, bundle: bytes) -> bool:
    """Set the bundle on every webhook of the configuration that has another; tell whether any had. Raises ApiError."""
    configuration = msgspec.json.decode(await api.get(f"{PATH}/{name}"), type=_Configuration)
    wanted = base64.b64encode(bundle).decode()
    others = [each.name for each in configuration.webhooks or [] if each.client_config.ca_bundle != wanted]
    if others:
        # A strategic merge finds the webhooks by name, so an order that changed meanwhile does no harm.
        patch = {"webhooks": [{"name": each, "clientConfig": {"caBundle": wanted}} for each in others]}
        await api.patch(f"{PATH}/{name}", patch, PatchKind.STRATEGIC)
    return bool(others)

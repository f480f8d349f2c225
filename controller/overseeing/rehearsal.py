"""Rehearsals: what the webhook says of a pod, asked as the API server asks, without creating anything.

A dry run of the creation would say the same, but whoever may ask for one may create pods in every namespace.
"""

import base64
import ssl
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from cluster.api import Api, ApiError

_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
# As long as the API server waits.
TIMEOUT = aiohttp.ClientTimeout(total=3)
_ENFORCE = "enforce"


class _Service(msgspec.Struct):
    namespace: str
    name: str
    path: str = ""
    port: int = 443


class _ClientConfig(msgspec.Struct, rename={"ca_bundle": "caBundle"}):
    ca_bundle: str = ""
    url: str = ""
    service: _Service | None = None

    @property
    def address(self) -> str:
        """Where it is asked."""
        at = self.service
        return f"https://{at.name}.{at.namespace}.svc:{at.port}/{at.path.lstrip('/')}" if at else self.url

    @property
    def trust(self) -> ssl.SSLContext:
        """Whom it must be; raises ValueError."""
        if not self.ca_bundle:
            raise ValueError("it has no caBundle")
        return ssl.create_default_context(cadata=base64.b64decode(self.ca_bundle).decode())


class _Webhook(msgspec.Struct, rename={"client_config": "clientConfig"}):
    client_config: _ClientConfig


class _Configuration(msgspec.Struct):
    webhooks: list[_Webhook]


class _Response(msgspec.Struct, rename="camel"):
    audit_annotations: dict[str, str] = {}


class _Review(msgspec.Struct):
    response: _Response


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The classes that a pod would get (none: it would be left alone), or why nobody knows."""

    classes: tuple[str, ...] = ()
    problem: str = ""


async def rehearse(api: Api, configuration: str, pod: dict[str, Any], namespace: str) -> Rehearsal:
    """Ask the webhook of a configuration what it would do to a new pod of a namespace."""
    try:
        found = msgspec.json.decode(await api.get(f"{_PATH}/{configuration}"), type=_Configuration)
        answer = await _ask(found.webhooks[0].client_config, _review(pod, namespace))
    except ApiError as error:
        return Rehearsal(problem=f"the webhook configuration cannot be read: {error}")
    except (aiohttp.ClientError, OSError, ValueError, IndexError) as error:
        return Rehearsal(problem=f"the webhook does not answer: {str(error) or type(error).__name__}")
    is_carried_out = answer.get("mode") == _ENFORCE
    return Rehearsal(tuple(filter(None, answer.get("class", "").split(","))) if is_carried_out else ())


async def _ask(client: _ClientConfig, review: dict[str, Any]) -> dict[str, str]:
    """Return what the webhook tells the audit log."""
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT, raise_for_status=True) as session,
        session.post(client.address, json=review, ssl=client.trust) as answer,
    ):
        return msgspec.json.decode(await answer.read(), type=_Review).response.audit_annotations


def _review(pod: dict[str, Any], namespace: str) -> dict[str, Any]:
    kind = {"group": "", "version": "v1"}
    request = {
        "uid": str(uuid4()),
        "kind": {**kind, "kind": "Pod"},
        "resource": {**kind, "resource": "pods"},
        "operation": "CREATE",
        "namespace": namespace,
        "object": pod,
        "dryRun": True,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}

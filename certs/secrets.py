"""Certificates in Secrets: read, judged, and replaced where they will not do; several writers may race."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certs.authorities import Authorities, Content, authorities_of, succession
from certs.issuance import names_of, serving_content
from certs.lifetimes import USUAL, Lifetimes
from cluster.api import Api, ApiError

# Each lost race means that somebody else has made progress.
ATTEMPTS = 5
ABSENT, CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class Places:
    """Where an authority and a serving certificate are kept, and the Service for which it is."""

    namespace: str
    service: str
    certificate_secret: str
    authority_secret: str

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names of the Service."""
        return names_of(self.service, self.namespace)


@dataclass(frozen=True, slots=True)
class Ensured:
    """The authorities to trust, and what was written, in words."""

    authorities: Authorities
    changes: list[str]


async def contents(api: Api, places: Places) -> tuple[Content, Content]:
    """Return what the authority's and the serving Secret hold; nothing where they are not there. Raises ApiError."""
    names = (places.authority_secret, places.certificate_secret)
    authority, serving = [await content_of(api, places.namespace, name) for name in names]
    return authority, serving


async def content_of(api: Api, namespace: str, name: str) -> Content:
    """Return what a Secret holds: nothing where it is not there. Raises ApiError."""
    return _held(await _found(api, namespace, name))


async def ensure(
    api: Api, places: Places, now: datetime, told: Sequence[bytes] | None = None, lifetimes: Lifetimes = USUAL
) -> Ensured:
    """Create or replace in both Secrets what is missing or due. Raises ApiError.

    `told` is what each API server's client of the webhook was told last to trust; None where there is nobody to tell.
    """
    changes: list[str] = []

    async def kept(name: str, wanted: Callable[[Content], Content]) -> Content:
        content, is_new = await _ensure(api, places.namespace, name, wanted)
        if is_new:
            changes.append(f"Secret {places.namespace}/{name} written")
        return content

    def renewed(found: Content) -> Content:
        return succession(authorities_of(found), now, told, lifetimes).content

    authorities = authorities_of(await kept(places.authority_secret, renewed))
    await kept(
        places.certificate_secret, lambda found: serving_content(found, authorities, places.names, now, lifetimes)
    )
    return Ensured(authorities, changes)


async def _ensure(api: Api, namespace: str, name: str, wanted: Callable[[Content], Content]) -> tuple[Content, bool]:
    """Return what the Secret holds in the end, and whether that was written here."""
    for _ in range(ATTEMPTS):
        found = await _found(api, namespace, name)
        held = _held(found)
        content = wanted(held)
        if content == held:
            return held, False
        encoded = {key: base64.b64encode(value).decode() for key, value in content.items()}
        if await _is_written(api, namespace, name, {**(found or _new(name)), "data": encoded}):
            return content, True
    raise ApiError(CONFLICT, "Conflict", f"Secret {namespace}/{name}: others kept changing it while it was written")


def _held(secret: dict[str, Any]) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


async def _found(api: Api, namespace: str, name: str) -> dict[str, Any]:
    """Return the Secret, or nothing where there is none."""
    try:
        secret: dict[str, Any] = json.loads(await api.get(f"{_path(namespace)}/{name}"))
    except ApiError as error:
        if error.status == ABSENT:
            return {}
        raise
    return secret


async def _is_written(api: Api, namespace: str, name: str, secret: dict[str, Any]) -> bool:
    """Write over the version that was read, or create; tell whether nobody else was faster."""
    try:
        if "resourceVersion" in secret["metadata"]:
            await api.replace(f"{_path(namespace)}/{name}", secret)
        else:
            await api.create(_path(namespace), secret)
    except ApiError as error:
        if error.status == CONFLICT:
            return False
        raise
    return True


def _new(name: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "berth"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls"}


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"

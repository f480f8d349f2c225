"""Certificates in Secrets: read, judged, and replaced where they will not do; several writers may race."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certs.issuance import Content, authority_content, names_of, pair_of, serving_content
from certs.pairs import Pair
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
    """The authority to trust, and what was written, in words."""

    authority: Pair
    changes: list[str]


async def ensure(api: Api, places: Places, now: datetime) -> Ensured:
    """Create or replace in both Secrets what is missing or due. Raises ApiError."""
    changes: list[str] = []

    async def kept(name: str, wanted: Callable[[Content], Content]) -> Pair:
        content, is_new = await _ensure(api, places.namespace, name, wanted)
        if is_new:
            changes.append(f"Secret {places.namespace}/{name} written")
        return pair_of(content)

    authority = await kept(places.authority_secret, lambda found: authority_content(found, now))
    await kept(places.certificate_secret, lambda found: serving_content(found, authority, places.names, now))
    return Ensured(authority, changes)


async def _ensure(api: Api, namespace: str, name: str, wanted: Callable[[Content], Content]) -> tuple[Content, bool]:
    """Return what the Secret holds in the end, and whether that was written here."""
    for _ in range(ATTEMPTS):
        found = await _found(api, namespace, name)
        held = {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
        content = wanted(held)
        if content == held:
            return held, False
        encoded = {key: base64.b64encode(value).decode() for key, value in content.items()}
        if await _is_written(api, namespace, name, {**(found or _new(name)), "data": encoded}):
            return content, True
    raise ApiError(CONFLICT, "Conflict", f"Secret {namespace}/{name}: others kept changing it while it was written")


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

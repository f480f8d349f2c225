"""Who may read metrics where not everybody may: those of whom the API server says that they may `get /metrics`.

As other programs of Kubernetes do it: a TokenReview tells whose a bearer token is, a SubjectAccessReview what it may.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs, web
from cachetools import TTLCache

from certs.pairs import Pair, issue, make_authority
from certs.serving import ServingCertificate
from cluster.api import Api, ApiError

TOKENS_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
METRICS_PATH = "/metrics"

# A right that was taken away ends so late at most; a scrape every 15 s then asks once in four.
REMEMBERED_SECONDS = 60.0
MAX_REMEMBERED = 256
# Strangers with ever other tokens cannot have the API server asked more than so often at a time.
ASKED_AT_ONCE = 4
# Prometheus waits for 10 s, and learns more from a refusal than from silence.
ASK_SECONDS = 5.0
MAX_TOKEN_CHARACTERS = 8192

# It lasts as long as its program, and nobody trusts it by its authority.
_SELF_SIGNED_LIFE = timedelta(days=3650)

_LOG = logging.getLogger("berth.metrics")


class _TokenStatus(msgspec.Struct):
    authenticated: bool = False
    user: dict[str, Any] = {}


class _TokenReview(msgspec.Struct):
    status: _TokenStatus = msgspec.field(default_factory=_TokenStatus)


class _AccessStatus(msgspec.Struct):
    allowed: bool = False


class _AccessReview(msgspec.Struct):
    status: _AccessStatus = msgspec.field(default_factory=_AccessStatus)


@dataclass
class Readers:
    """Asks the API server about whoever wants to read metrics; answers hold for a minute."""

    api: Api
    seconds: Callable[[], float] = monotonic
    ask_seconds: float = ASK_SECONDS
    _asked: int = 0
    _admitted: TTLCache[bytes, HTTPStatus] = field(init=False)
    _refused: TTLCache[bytes, HTTPStatus] = field(init=False)

    def __post_init__(self) -> None:
        # Apart, so that strangers' tokens do not have those forgotten who may read.
        self._admitted = TTLCache(MAX_REMEMBERED, REMEMBERED_SECONDS, self.seconds)
        self._refused = TTLCache(MAX_REMEMBERED, REMEMBERED_SECONDS, self.seconds)

    async def admit(self, request: web.Request) -> None:
        """Return where metrics may be read; raises HTTPException: 401, 403, or 503 where nobody knows."""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARACTERS:
            raise _unauthorized("metrics are read with the token of an account: Authorization: Bearer TOKEN")
        match await self._verdict(token):
            case HTTPStatus.UNAUTHORIZED:
                raise _unauthorized("the API server does not know this token")
            case HTTPStatus.FORBIDDEN:
                raise web.HTTPForbidden(text=f"this account may not get {METRICS_PATH}\n")
            case HTTPStatus.SERVICE_UNAVAILABLE:
                raise web.HTTPServiceUnavailable(text="the API server cannot be asked who this is\n")

    async def _verdict(self, token: str) -> HTTPStatus:
        key = sha256(token.encode()).digest()
        if known := self._admitted.get(key) or self._refused.get(key):
            return known
        if self._asked >= ASKED_AT_ONCE:
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._asked += 1
        try:
            async with asyncio.timeout(self.ask_seconds):
                verdict = await self._ask(token)
        except (ApiError, ValueError, TimeoutError) as error:
            _LOG.warning("the API server cannot be asked who reads metrics: %s", str(error) or "it does not answer")
            return HTTPStatus.SERVICE_UNAVAILABLE
        finally:
            self._asked -= 1
        (self._admitted if verdict == HTTPStatus.OK else self._refused)[key] = verdict
        return verdict

    async def _ask(self, token: str) -> HTTPStatus:
        """Return 200, 401 or 403; raises ApiError, and ValueError for an answer that is none."""
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
        known = _decoded(await self.api.create(TOKENS_PATH, {**kind, "spec": {"token": token}}), _TokenReview).status
        if not known.authenticated:
            return HTTPStatus.UNAUTHORIZED
        user = {("user" if key == "username" else key): value for key, value in known.user.items()}
        asked = {**user, "nonResourceAttributes": {"path": METRICS_PATH, "verb": "get"}}
        kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
        may = _decoded(await self.api.create(ACCESS_PATH, {**kind, "spec": asked}), _AccessReview).status
        return HTTPStatus.OK if may.allowed else HTTPStatus.FORBIDDEN


class Settings(Protocol):
    """What the settings of every program say of its metrics."""

    @property
    def metrics_secure(self) -> bool:
        """Whether not everybody may read them."""
        ...

    @property
    def metrics_certificate_directory(self) -> Path | None:
        """Where their listener's certificate is, if not one of its own will do."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How metrics are guarded: the TLS of their listener, who reads them, and what runs beside to keep that so."""

    tls: ssl.SSLContext
    readers: Readers
    tasks: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)


def access(settings: Settings, api: Api) -> Access | None:
    """Return how a program's metrics are guarded, or None where everybody may read them."""
    if not settings.metrics_secure:
        return None
    if settings.metrics_certificate_directory is None:
        return Access(self_signed(socket.gethostname(), datetime.now(UTC)), Readers(api))
    certificate = ServingCertificate(settings.metrics_certificate_directory)
    certificate.reload()
    for problem in certificate.problems(datetime.now(UTC)):
        _LOG.warning("metrics cannot be read yet: %s", problem)
    return Access(certificate.context, Readers(api), {"metrics certificate": certificate.follow})


def self_signed(host: str, now: datetime) -> ssl.SSLContext:
    """Return TLS for those who ask for no name that they could trust: kubelet's probes do not."""
    pair = issue(make_authority(now, _SELF_SIGNED_LIFE), [host], now, _SELF_SIGNED_LIFE)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load(context, pair)
    return context


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    """Have OpenSSL, which reads files alone, read a pair that is in no file system: the container's is read-only."""
    with os.fdopen(os.memfd_create("pair"), "wb", buffering=0) as memory:
        memory.write(pair.certificate + pair.key)
        context.load_cert_chain(f"/proc/self/fd/{memory.fileno()}")


def _decoded(answer: bytes, shape: Any) -> Any:
    return msgspec.json.decode(answer, type=shape)


def _unauthorized(text: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(text=f"{text}\n", headers={hdrs.WWW_AUTHENTICATE: "Bearer"})

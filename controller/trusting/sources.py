"""Where the webhook's certificate comes from: made here by an authority of our own, or given by somebody else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from certs.given import Given, Trust, UnusableError, given_of
from certs.lifetimes import USUAL, Lifetimes
from certs.secrets import Places, content_of, ensure
from cluster.api import Api, ApiError

# How soon an authority that somebody else changed is trusted: before servers show what it signed.
GIVEN_SECONDS = 5.0


def _never(_bundle: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Served:
    """Whom to trust for what the webhook serves, what was written for it, and what is wrong with it, in words.

    `is_trusted_by` tells whether a bundle that somebody else keeps will do.
    """

    bundle: bytes
    changes: Sequence[str] = ()
    problems: Sequence[str] = ()
    is_trusted_by: Callable[[bytes], bool] = _never


class Source(Protocol):
    """A source of the webhook's certificate."""

    @property
    def seconds(self) -> float:
        """How many seconds may lie between two looks at it."""
        ...

    async def serve(self, told: Sequence[bytes], now: datetime) -> Served:
        """See to the certificate; `told` is what each client was told last to trust. Raises ApiError."""
        ...


@dataclass(frozen=True)
class OwnSource:
    """An authority of our own, and what it signs, both in Secrets that are kept."""

    api: Api
    places: Places
    seconds: float
    lifetimes: Lifetimes = USUAL

    async def serve(self, told: Sequence[bytes], now: datetime) -> Served:
        """Make what is missing or due."""
        ensured = await ensure(self.api, self.places, now, told, self.lifetimes)
        return Served(ensured.authorities.trust, ensured.changes)


@dataclass(frozen=True)
class GivenSource:
    """A Secret that cert-manager or a person fills, and nobody here writes."""

    api: Api
    places: Places
    seconds: float
    trust: Trust = field(default_factory=Trust)

    async def serve(self, told: Sequence[bytes], now: datetime) -> Served:
        """Read the Secret; whom to trust is as it was where its authority is not told."""
        secret = f"Secret {self.places.namespace}/{self.places.certificate_secret}"
        content = await content_of(self.api, self.places.namespace, self.places.certificate_secret)
        if not content:
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f"{secret} is not there, and is to be made by others")
        try:
            given = given_of(content)
        except UnusableError as error:
            raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f"{secret}: {error}") from None
        wrong = [f"{secret}: {each}" for each in given.problems(self.places.names[:1], now)]
        return Served(self._bundle(given, told, now), (), wrong, given.is_trusted_by)

    def _bundle(self, given: Given, told: Sequence[bytes], now: datetime) -> bytes:
        return self.trust.bundle(given, told, now) if given.authorities else b""

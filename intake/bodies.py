"""The bodies of requests: each is read in bounded time, and all of them in bounded memory.

aiohttp bounds the head: a line or a field has at most 8 KiB, and there are at most 128 fields. A head that never ends
is an idle connection, which the server closes.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from aiohttp import web

# kube-scheduler waits for an answer that long where its configuration says nothing (httpTimeout), API servers for 30 s
# at most.
READ_SECONDS = 5.0


class Reason(StrEnum):
    """Why a body is not read."""

    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    BROKEN_OFF = "broken_off"  # The client left in the middle of it.
    BAD_REQUEST = "bad_request"  # It is not framed as HTTP says.


class RefusedError(Exception):
    """A request is not answered: what it is counted as, the HTTP status, and a sentence for its sender."""

    def __init__(self, reason: str, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.status = status


@dataclass
class Bodies:
    """Reads bodies of at most `max_bytes`, which together have at most `max_bytes_at_once` while they are read."""

    max_bytes: int
    max_bytes_at_once: int
    read_seconds: float = READ_SECONDS
    _bytes: int = 0

    @property
    def under_way(self) -> int:
        """How many bytes have arrived of bodies that are being read."""
        return self._bytes

    async def read(self, request: web.Request) -> bytes:
        """Return the body of a request; raises RefusedError."""
        if (request.content_length or 0) > self.max_bytes:
            raise self._too_large()
        try:
            if request.content.is_eof():  # It came with the head, as most do.
                return self._whole(request.content.read_nowait())
            async with asyncio.timeout(self.read_seconds):
                return await self._read(request)
        except TimeoutError:
            text = f"the body did not arrive within {self.read_seconds:g} s"
            raise RefusedError(Reason.TOO_SLOW, HTTPStatus.REQUEST_TIMEOUT, text) from None
        except ConnectionError as error:
            raise RefusedError(Reason.BROKEN_OFF, HTTPStatus.BAD_REQUEST, f"the body broke off: {error}") from None
        except web.RequestPayloadError as error:
            raise RefusedError(Reason.BAD_REQUEST, HTTPStatus.BAD_REQUEST, f"the body is no HTTP: {error}") from None

    async def _read(self, request: web.Request) -> bytes:
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                self._bytes += len(chunk)
                self._check(len(body))
            return bytes(body)
        finally:
            self._bytes -= len(body)

    def _whole(self, body: bytes) -> bytes:
        self._check(len(body))
        return body

    def _check(self, size: int) -> None:
        if size > self.max_bytes:
            raise self._too_large()
        if self._bytes > self.max_bytes_at_once:
            text = f"more than {_mebibytes(self.max_bytes_at_once)} are being read; ask again later"
            raise RefusedError(Reason.BUSY, HTTPStatus.SERVICE_UNAVAILABLE, text)

    def _too_large(self) -> RefusedError:
        text = f"the body has more than {_mebibytes(self.max_bytes)}"
        return RefusedError(Reason.TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:g} MiB"

"""The bodies of reviews: each is read in bounded time, and all of them in bounded memory.

There are as many at a time as there are connections, which the listener bounds.

aiohttp bounds the head: a line or a field has at most 8 KiB, and there are at most 128 fields. A head that never ends
is an idle connection, which the server closes.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from webhook.observers import Fault
from webhook.wire import MAX_REVIEW_BYTES

# API servers wait for an answer for 3 s, and 30 s at most.
READ_SECONDS = 5.0

# A review has some ten thousand bytes, so that is room for thousands of them at a time, or for eight of the largest.
MAX_BYTES_AT_ONCE = 8 * MAX_REVIEW_BYTES


class RefusedError(Exception):
    """A request is not answered: what it is counted as, the HTTP status, and a sentence for its sender."""

    def __init__(self, fault: Fault, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.fault = fault
        self.status = status


@dataclass
class Bodies:
    """Reads bodies; a body counts as long as it is being read."""

    read_seconds: float = READ_SECONDS
    max_bytes: int = MAX_REVIEW_BYTES
    max_bytes_at_once: int = MAX_BYTES_AT_ONCE
    _bytes: int = 0

    async def read(self, request: web.Request) -> bytes:
        """Return the body of a request; raises RefusedError."""
        if (request.content_length or 0) > self.max_bytes:
            raise self._too_large()
        if request.content.is_eof():  # It came with the head, as most do.
            return self._whole(request.content.read_nowait())
        try:
            async with asyncio.timeout(self.read_seconds):
                return await self._read(request)
        except TimeoutError:
            text = f"the body did not arrive within {self.read_seconds:g} s"
            raise RefusedError(Fault.TOO_SLOW, HTTPStatus.REQUEST_TIMEOUT, text) from None
        except (ConnectionError, web.RequestPayloadError) as error:
            raise RefusedError(Fault.BAD_REQUEST, HTTPStatus.BAD_REQUEST, f"the body broke off: {error}") from None

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
            raise _busy(f"more than {_mebibytes(self.max_bytes_at_once)} of reviews are being read")

    def _too_large(self) -> RefusedError:
        text = f"the body has more than {_mebibytes(self.max_bytes)}"
        return RefusedError(Fault.TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


def _busy(text: str) -> RefusedError:
    return RefusedError(Fault.BUSY, HTTPStatus.SERVICE_UNAVAILABLE, f"{text}; ask again later")


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:g} MiB"

"""The bodies of requests: each is read in bounded time, and all of them in bounded memory.

aiohttp bounds the head: a line or a field has at most 8 KiB, and there are at most 128 fields. A head that never ends
is an idle connection, which the server closes.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from extender.desk import Outcome
from extender.wire import MAX_ARGS_BYTES

# kube-scheduler waits for an answer that long where its configuration says nothing (httpTimeout).
READ_SECONDS = 5.0

# kube-scheduler has one question of filter and one of prioritize under way at a time; bodies of bind are tiny.
MAX_BYTES_AT_ONCE = 8 * MAX_ARGS_BYTES


class RefusedError(Exception):
    """A request is not answered: what it is counted as, the HTTP status, and a sentence for its sender."""

    def __init__(self, outcome: Outcome, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.status = status


@dataclass
class Bodies:
    """Reads bodies; a body counts as long as it is being read."""

    read_seconds: float = READ_SECONDS
    max_bytes: int = MAX_ARGS_BYTES
    max_bytes_at_once: int = MAX_BYTES_AT_ONCE
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
            raise RefusedError(Outcome.TOO_SLOW, HTTPStatus.REQUEST_TIMEOUT, text) from None
        except ConnectionError as error:
            raise RefusedError(Outcome.BROKEN_OFF, HTTPStatus.BAD_REQUEST, f"the body broke off: {error}") from None
        except web.RequestPayloadError as error:
            raise RefusedError(Outcome.BAD_REQUEST, HTTPStatus.BAD_REQUEST, f"the body is no HTTP: {error}") from None

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
            raise RefusedError(Outcome.BUSY, HTTPStatus.SERVICE_UNAVAILABLE, text)

    def _too_large(self) -> RefusedError:
        text = f"the body has more than {_mebibytes(self.max_bytes)}"
        return RefusedError(Outcome.TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:g} MiB"

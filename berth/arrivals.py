"""Connections as they arrive: so many at a time, and each shakes hands in bounded time.

asyncio bounds neither. A connection over TLS holds 300 KiB from its first moment on, whoever it is of, so that some
thousand strangers who say nothing would have the kernel end the program.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

from aiohttp import web

# Clients of Kubernetes have given up by then.
HANDSHAKE_SECONDS = 5.0

# An API server has 200 requests that change something under way by default; there are seldom more than five servers.
MAX_CONNECTIONS = 1_000

_LOG_SECONDS = 60.0

_LOG = logging.getLogger("berth.serving")


@dataclass
class Arrivals:
    """Lets connections to a listener's server, after their handshake where there is TLS: asyncio's protocol factory."""

    listener: str
    server: web.Server
    tls: ssl.SSLContext | None
    max_connections: int = MAX_CONNECTIONS
    _shaking: set[asyncio.Task[None]] = field(default_factory=set)
    _told_at: float = -_LOG_SECONDS

    def __call__(self) -> asyncio.Protocol:
        """Return what takes the next connection."""
        return _Arrival(self._take)

    def end(self) -> None:
        """Leave those that have not shaken hands yet."""
        for each in self._shaking:
            each.cancel()

    def _take(self, connection: socket.socket) -> None:
        if len(self._shaking) + len(self.server.connections) >= self.max_connections:
            connection.close()
            self._tell()
            return
        task = asyncio.get_running_loop().create_task(self._let_in(connection))
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _let_in(self, connection: socket.socket) -> None:
        limit = HANDSHAKE_SECONDS if self.tls else None
        with suppress(OSError):  # Who does not shake hands is left.
            await asyncio.get_running_loop().connect_accepted_socket(
                self.server, connection, ssl=self.tls, ssl_handshake_timeout=limit
            )

    def _tell(self) -> None:
        if monotonic() - self._told_at >= _LOG_SECONDS:
            self._told_at = monotonic()
            _LOG.warning("connections are refused", extra={"listener": self.listener, "open": self.max_connections})


@dataclass
class _Arrival(asyncio.Protocol):
    """Hands on a connection of which nothing has been read."""

    take: Callable[[socket.socket], None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        try:
            self.take(transport.get_extra_info("socket").dup())
        finally:
            cast("asyncio.Transport", transport).abort()

"""One connection to the API server that is kept, because thousands of pods are written over it in order."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from sandbox import ApiError, Endpoint

_TIMEOUT_SECONDS = 600.0
_JSON = {"Content-Type": "application/json"}


class Connection:
    """A kept connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", endpoint.port, timeout=_TIMEOUT_SECONDS, context=endpoint.tls
        )

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> bytes:
        """Send an object and return the answer; raises ApiError."""
        self._connection.request(method, path, json.dumps(body), _JSON)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(f"{method} {path}", response.status, answer.decode())
        return answer

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of an answer as they come."""
        self._connection.request("GET", path)
        yield from self._connection.getresponse()

    def end(self) -> None:
        """Let who reads from it see its end."""
        if self._connection.sock:
            with suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

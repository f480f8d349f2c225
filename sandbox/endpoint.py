"""An HTTPS endpoint of the sandbox, spoken to with one identity."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 30.0


class ApiError(Exception):
    """The endpoint answered with an error: `status` is the HTTP status, the message is what it said."""

    def __init__(self, request: str, status: int, answer: str) -> None:
        super().__init__(f"{request}: HTTP {status}: {answer}")
        self.status = status
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A loopback port that serves HTTPS, and the TLS side of the caller: whom it trusts, who it is."""

    port: int
    tls: ssl.SSLContext

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"https://127.0.0.1:{self.port}"

    def read(self, path: str) -> str:
        """The body at a path, as text. Raises ApiError, and OSError when nobody listens."""
        return self._exchange("GET", path, None, {})

    def get(self, path: str) -> dict[str, Any]:
        """The object at a path. Raises as `read` does."""
        return _object(self.read(path))

    def send(
        self, method: str, path: str, body: Mapping[str, Any], content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Sends an object, returns the one that is answered. Raises as `read` does."""
        return _object(self._exchange(method, path, json.dumps(body), {"Content-Type": content_type}))

    def _exchange(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> str:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS, context=self.tls)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(f"{method} {path}", response.status, answer)
        return answer


def _object(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    return content

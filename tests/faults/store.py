"""etcd's own doors: its history can be dropped, and its disk declared full."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox import ControlPlane
from sandbox.command_lines import ETCD


@dataclass(frozen=True, slots=True)
class Store:
    """The store of a control plane."""

    plane: ControlPlane

    def compact(self) -> int:
        """Drop all history up to this moment, and return its revision."""
        revision = int(self._ask("/v3/maintenance/status", {})["header"]["revision"])
        self._ask("/v3/kv/compaction", {"revision": revision, "physical": True})
        return revision

    @contextmanager
    def full(self) -> Iterator[None]:
        """Refuse every write as etcd does whose disk is full, until the block ends."""
        self._alarm("ACTIVATE")
        try:
            yield
        finally:
            self._alarm("DEACTIVATE")

    def _alarm(self, action: str) -> None:
        member = self._ask("/v3/maintenance/status", {})["header"]["member_id"]
        self._ask("/v3/maintenance/alarm", {"action": action, "memberID": member, "alarm": "NOSPACE"})

    def _ask(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        connection = _UnixConnection(str(self.plane.folder / ETCD.removeprefix("unix://")))
        try:
            connection.request("POST", path, json.dumps(content))
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        finally:
            connection.close()
        assert response.status == http.HTTPStatus.OK, answer
        return answer


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        """Open it."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

"""A barrage of requests to the listeners of running programs: every answer is read and judged."""

import json
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.fuzz.requests import Request, request

# Where a program listens: a port on loopback, and whether it speaks TLS.
Address = tuple[int, bool]
Addresses = Mapping[tuple[str, str], Address]

_PATIENCE_SECONDS = 60.0
# A head that is damaged may announce more than comes; its server waits then, and rightly so.
_DAMAGED_SECONDS = 0.1
_SHOWN = 300
# What is nested is written by recursion.
_DEPTH = 5000


@dataclass
class Findings:
    """What came of a barrage: answers by endpoint and status, and what was wrong."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """Answers by status."""
        found: Counter[int] = Counter()
        for (_, status), count in self.answers.items():
            found[status] += count
        return found

    def add(self, other: "Findings") -> None:
        """Take in what came of another one."""
        self.answers += other.answers
        self.problems += other.problems


def barrage(addresses: Addresses, seed: int, first: int, count: int) -> Findings:
    """Send so many requests, one after the other."""
    sys.setrecursionlimit(_DEPTH)
    findings = Findings()
    clients = {name: _Client(*address) for name, address in addresses.items()}
    for number in range(first, first + count):
        each = request(seed, number)
        try:
            status, body = clients[each.program, each.listener].ask(each)
        except (OSError, ValueError) as error:
            findings.problems.append(f"{number}: {each.method} {each.path[:_SHOWN]}: {error!r}")
            continue
        findings.answers[f"{each.program} {each.path.partition('?')[0]}", status] += 1
        if problem := _wrong(each, status, body):
            findings.problems.append(f"{number}: {each.method} {each.path[:_SHOWN]}: {problem}")
    for client in clients.values():
        client.close()
    return findings


def _wrong(asked: Request, status: int, body: bytes) -> str:
    """Return what is wrong with an answer, empty where nothing is; status 0 is no answer."""
    if status == 0:
        return "" if not asked.is_http else "no answer"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"status {status}: {body[:_SHOWN]!r}"
    if status == HTTPStatus.OK and asked.method == "POST":
        try:
            json.loads(body.decode(errors="replace"))  # Nodes come back as they came, in whatever bytes.
        except ValueError:
            return f"no JSON: {body[:_SHOWN]!r}"
    return ""


class _Client:
    """A connection to a listener, kept as long as both sides like."""

    def __init__(self, port: int, is_tls: bool) -> None:  # noqa: FBT001 - an address in two parts.
        self._port = port
        self._tls = ssl.create_default_context() if is_tls else None
        if self._tls:
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._socket: socket.socket | None = None

    def ask(self, asked: Request) -> tuple[int, bytes]:
        """Return status and body of the answer; status 0 where there is none. Raises OSError, ValueError."""
        if not asked.is_http:
            self.close()
            return self._ask_damaged(asked.raw)
        for is_last in (False, True):
            try:
                return self._exchange(asked)
            except OSError:
                # Whoever was told to leave may not have heard of it yet.
                self.close()
                if is_last:
                    raise
        raise AssertionError

    def close(self) -> None:
        """Leave the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _exchange(self, asked: Request) -> tuple[int, bytes]:
        self._socket = connection = self._socket or self._connect()
        with suppress(ConnectionError):  # The answer may have come before the whole request was taken.
            connection.sendall(asked.raw)
        head, body = _head_of(connection)
        status, fields = _parsed(head)
        if asked.method != "HEAD":
            length = int(fields.get("content-length", "0"))
            while len(body) < length:
                body += _received(connection)
        if fields.get("connection", "").lower() == "close":
            self.close()
        return status, body

    def _ask_damaged(self, raw: bytes) -> tuple[int, bytes]:
        connection = self._connect()
        connection.settimeout(_DAMAGED_SECONDS)
        with connection, suppress(OSError):
            connection.sendall(raw)
            head, body = _head_of(connection)
            return _parsed(head)[0], body
        return 0, b""

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(plain) if self._tls else plain


def _head_of(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of an answer, and what has come of its body."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += _received(connection)
    head, _, body = found.partition(b"\r\n\r\n")
    return head, body


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = (each.partition(":") for each in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in fields}


def _received(connection: socket.socket) -> bytes:
    chunk = connection.recv(2**16)
    if not chunk:
        raise ConnectionResetError("the connection was closed before the answer was whole")
    return chunk

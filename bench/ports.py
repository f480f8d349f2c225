"""Ports of programs that a benchmark starts, and whether such a program is ready."""

import secrets
import socket
from contextlib import suppress
from http import HTTPStatus
from urllib.request import urlopen

# Below those that the kernel gives to connections (net.ipv4.ip_local_port_range), which would take a port that was
# free a moment ago.
_FIRST, _COUNT = 20_000, 12_000


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as holder, suppress(OSError):
            holder.bind(("127.0.0.1", port))
            return port


def is_ready(port: int) -> bool:
    """Tell whether the program whose health is told on this port is ready."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False

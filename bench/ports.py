"""Ports of programs that a benchmark starts, and whether such a program is ready."""

import socket
from http import HTTPStatus
from urllib.request import urlopen


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def is_ready(port: int) -> bool:
    """Tell whether the program whose health is told on this port is ready."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False

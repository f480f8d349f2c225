"""Servers under measurement as processes of their own, with a certificate as Berth issues it."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.load import Target
from certs.folders import ensure
from certs.issuance import names_of

_NAMES = names_of("berth-webhook", "berth-system")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    target: Target
    pid: int

    @property
    def resident_mib(self) -> float:
        """The memory that its process holds, in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


@contextmanager
def running(name: str, nodes: int, *, tls: bool) -> Iterator[Server]:
    """Run a server of `bench.servers` that knows that many nodes."""
    with TemporaryDirectory() as folder:
        if tls:
            ensure(Path(folder), _NAMES, datetime.now(UTC))
        command = [sys.executable, "-m", "bench.servers", name, str(nodes), folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            trust = ssl.create_default_context(cafile=f"{folder}/ca.crt") if tls else None
            yield Server(Target(port, trust, _NAMES[0]), process.pid)
        finally:
            process.kill()
            process.wait()

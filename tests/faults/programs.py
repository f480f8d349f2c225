"""A running program of the installation, which can be ended and started anew as it was, and asked how it is."""

import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from sandbox import Component, ControlPlane

BERTH = Path(sys.executable).parent / "berth"
START_SECONDS = 60.0


@dataclass
class Program:
    """A component with the command and the environment that it was started with."""

    name: str
    plane: ControlPlane
    component: Component
    _generation: int = 0

    def __post_init__(self) -> None:
        process = Path(f"/proc/{self.component.pid}")
        self._command = _texts(process / "cmdline")
        self._environment = dict(each.split("=", 1) for each in _texts(process / "environ"))
        self._flags: tuple[str, ...] = ()
        self._ports: dict[tuple[Path, str], int] = {}

    @property
    def port(self) -> int:
        """Where it answers."""
        return self.port_of(self.listeners[-1])

    @property
    def listeners(self) -> tuple[str, ...]:
        """The names of its listeners: `health`, and its own if it has one."""
        return ("health",) if self.name == "controller" else ("health", self.name)

    @property
    def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            return self._about("/readyz") == "ok\n"
        except OSError:
            return False

    @property
    def resident_mib(self) -> float:
        """Memory that it has in use, in MiB."""
        pages = int(Path(f"/proc/{self.component.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    def address_of(self, listener: str) -> tuple[int, bool]:
        """Return the port of a listener, and whether it speaks TLS."""
        return self.port_of(listener), listener == "webhook"

    def port_of(self, listener: str) -> int:
        """Return the port of a listener, once it is logged."""
        log = self.component.log_path
        if (log, listener) not in self._ports:
            waiting = self.plane.wait(lambda: _logged_port(log, listener), START_SECONDS, f"{log} tells of {listener}")
            self._ports[log, listener] = waiting
        return self._ports[log, listener]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all labels but these."""
        families = text_string_to_metric_families(self._about("/metrics"))
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(each.value for each in samples if labels.items() <= each.labels.items())

    def kill(self) -> None:
        """End it as a crash would; when it is started anew, it listens at the same port."""
        self._flags = (f"--port={self.port}",) if len(self.listeners) > 1 else ()
        self.component.kill()

    def start(self, **environment: str) -> None:
        """Start it anew; it is ready a while later."""
        self._generation += 1
        name = f"{self.component.name}-again-{self._generation}"
        self.component = self.plane.start(name, [*self._command, *self._flags], {**self._environment, **environment})

    def logged(self, text: str) -> list[str]:
        """Return the lines of its log that have a text in them."""
        with self.component.log_path.open(errors="replace") as lines:
            return [line for line in lines if text in line]

    def _about(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port_of('health')}{path}", timeout=30) as answer:
            return str(answer.read().decode())


def _texts(path: Path) -> list[str]:
    return [each.decode() for each in path.read_bytes().split(b"\0") if each]


def _logged_port(log: Path, listener: str) -> int:
    with log.open(errors="replace") as lines:
        for line in lines:
            record = json.loads(line) if '"message": "listening"' in line and line.endswith("}\n") else {}
            if record.get("listener") == listener:
                return int(record["port"])
    return 0

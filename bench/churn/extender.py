"""The extender under churn: a program of its own beside the control plane, and what can be seen of it from outside."""

import json
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.ports import free_port, is_ready
from sandbox import Component, ControlPlane

_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Extender:
    """A running extender."""

    plane: ControlPlane
    component: Component
    port: int
    health_port: int
    census_file: Path

    @property
    def url(self) -> str:
        """Where it answers kube-scheduler and people."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def resident_mib(self) -> float:
        """The memory that its process holds, in MiB."""
        lines = Path(f"/proc/{self.component.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))

    def census(self) -> Counter[str]:
        """How many objects of each of Berth's classes it has, and of all."""
        self.census_file.unlink(missing_ok=True)
        os.kill(self.component.pid, signal.SIGUSR1)
        self.plane.wait(self.census_file.exists, _READY_SECONDS, "the objects are counted")
        return Counter(json.loads(self.census_file.read_text()))

    def in_flight(self) -> float:
        """How many pods it counts as in flight."""
        with urlopen(f"http://127.0.0.1:{self.health_port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("berth_extender_holds "))

    def inventory(self) -> dict[str, Any]:
        """What it knows of each resource, by name."""
        with urlopen(f"{self.url}/v1/inventory", timeout=30) as answer:  # noqa: S310 - loopback
            content: dict[str, Any] = json.loads(answer.read())["resources"]
        return content


def start(plane: ControlPlane) -> Extender:
    """Start it, and return when it is ready."""
    port, health_port, census_file = free_port(), free_port(), plane.folder / "census.json"
    flags = [f"--port={port}", f"--metrics-port={health_port}", "--metrics-address=127.0.0.1", "--log-level=error"]
    component = plane.start(
        "extender",
        [sys.executable, "-m", "bench.churn.program", str(census_file), *flags],
        {"KUBECONFIG": str(plane.kubeconfig), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    started = Extender(plane, component, port, health_port, census_file)
    plane.wait(lambda: is_ready(health_port), _READY_SECONDS, "the extender is ready")
    return started

"""The stage: a control plane with nodes and both schedulers, on which pods are created, timed and deleted."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.replay.connection import Connection
from bench.replay.watch import PODS
from bench.throughput import calls, objects
from bench.throughput.objects import Ask, Json
from bench.throughput.schedulers import Schedulers, profile
from bench.throughput.watching import Watcher
from sandbox import Component, ControlPlane
from sandbox.command_lines import UNLIMITED_REQUESTS

_CRDS = Path(__file__).parents[2] / "manifests" / "base" / "crds"
_WRITERS = 8

# In which what follows a binding or a deletion is written and seen.
SETTLING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Played:
    """What became of some pods: the seconds until all were decided, what that took, and devices bound.

    Cpu is that of their scheduler and, with Berth, of the extender.
    """

    seconds: float
    cpu_seconds: float
    calls: calls.Calls
    bound: int
    amount: int

    @property
    def per_second(self) -> float:
        """The pods bound in a second."""
        return self.bound / self.seconds


class Stage:
    """A control plane with so many nodes that offer a resource; `watcher` sees its pods."""

    def __init__(self, plane: ControlPlane, watcher: Watcher, schedulers: Schedulers) -> None:
        self.plane = plane
        self.schedulers = schedulers
        self._watcher = watcher
        self._numbers = count()

    def play(self, asks: Sequence[Ask], side: str, percentage: int) -> Played:
        """Create pods while their scheduler stands still, let it go, and delete them when all of them are decided."""
        run = next(self._numbers)
        pods = [
            objects.pod(f"run-{run}-{number:05}", number, ask, profile(side, percentage))
            for number, ask in enumerate(asks)
        ]
        names = [each["metadata"]["name"] for each in pods]
        with self.schedulers.components[side].paused():
            self.create(pods)
            self._watcher.until_present(names)
            before, cpu_before = calls.counted(self.plane), self._cpu_seconds(side)
            began = time.monotonic()
        seconds = self._watcher.until_decided(names) - began
        time.sleep(SETTLING_SECONDS)
        made, cpu_seconds = calls.counted(self.plane) - before, self._cpu_seconds(side) - cpu_before
        bound = [ask.amount for name, ask in zip(names, asks, strict=True) if name in self._watcher.bound]
        self._clear(names)
        return Played(seconds, cpu_seconds, made, len(bound), sum(bound))

    def _cpu_seconds(self, side: str) -> float:
        return sum(map(_cpu_seconds_of, self.schedulers.working(side)))

    def create(self, pods: Sequence[Json]) -> None:
        """Create pods, in about their order."""
        shares = [pods[first::_WRITERS] for first in range(_WRITERS)]
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(self._create, shares))

    def _create(self, pods: Sequence[Json]) -> None:
        connection = Connection(self.plane.api)
        for pod in pods:
            connection.send("POST", PODS, pod)
        connection.close()

    def _clear(self, names: Sequence[str]) -> None:
        connection = Connection(self.plane.api)
        connection.send("DELETE", f"{PODS}?labelSelector=bench%3Dpod", {"gracePeriodSeconds": 0})
        connection.close()
        self._watcher.until_gone(names)
        time.sleep(SETTLING_SECONDS)


def _cpu_seconds_of(program: Component) -> float:
    """Return what a program has used of cpu, as proc_pid_stat(5) has it behind its name in parentheses."""
    fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def staged(nodes: int, resource: str) -> Iterator[Stage]:
    """Set the stage."""
    with ControlPlane(kwok=False, apiserver_flags=UNLIMITED_REQUESTS) as plane:
        for crd in sorted(_CRDS.glob("accelerator-*.yaml")):
            plane.apply(crd)
        plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        plane.add_nodes(list(objects.nodes(nodes, resource)))
        for each in objects.classes():
            plane.api.send("POST", "/apis/ome.io/v1beta1/acceleratorclasses", each)
        schedulers = Schedulers.start(plane)
        with Watcher(plane) as watcher:
            yield Stage(plane, watcher, schedulers)

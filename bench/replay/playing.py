"""Playing: pods are created in the order of a trace, and deleted where they fit nowhere, until all are decided."""

import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.replay import objects
from bench.replay.connection import Connection
from bench.replay.watch import PODS, Pod, PodEvent, PodWatch
from placement.scheduling.fleet import Fleet
from placement.scheduling.replay import Arrival
from placement.shares import devices_of
from sandbox import ApiError, ControlPlane

_DEVICES = "berth.ome.io/devices"
_NOTHING_FOR_SECONDS = 120.0
_PROGRESS = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a pod was bound, and to which devices, as far as anybody said so."""

    node: str
    devices: tuple[int, ...] = ()


@dataclass
class Played:
    """What became of the arrivals by number, in the order in which that was seen; None where a pod fitted nowhere."""

    seconds: float = 0.0
    outcomes: dict[int, Placed | None] = field(default_factory=dict)


def furnish(plane: ControlPlane, fleet: Fleet) -> None:
    """Give a control plane the nodes and classes of a fleet."""
    plane.add_nodes(list(objects.nodes(fleet)))
    for each in objects.classes(fleet):
        plane.api.send("POST", "/apis/ome.io/v1beta1/acceleratorclasses", each)


def play(plane: ControlPlane, arrivals: Mapping[int, Arrival]) -> Played:
    """Create the pods of the arrivals in order, and return what became of each when all of them are decided."""
    played, began = Played(), time.monotonic()
    watcher = _Watcher(plane, played)
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    writer = Connection(plane.api)
    try:
        for number, arrival in arrivals.items():
            writer.send("POST", PODS, objects.pod(number, arrival))
        _wait(plane, played, len(arrivals))
        played.seconds = time.monotonic() - began
    finally:
        writer.close()
        watcher.end()
        thread.join()
    return played


def _wait(plane: ControlPlane, played: Played, count: int) -> None:
    known, since = -1, time.monotonic()
    while len(played.outcomes) < count:
        plane.check()
        if len(played.outcomes) != known:
            known, since = len(played.outcomes), time.monotonic()
        if time.monotonic() - since > _NOTHING_FOR_SECONDS:
            raise RuntimeError(f"{count - known} of {count} pods are neither bound nor found unschedulable")
        time.sleep(0.05)


class _Watcher:
    """Sees what becomes of pods, and deletes those that fit nowhere."""

    def __init__(self, plane: ControlPlane, played: Played) -> None:
        self._watch, self._deletions = PodWatch(plane.api, self._heard), Connection(plane.api)
        self._played = played

    def run(self) -> None:
        try:
            self._watch.run()
        finally:
            self._deletions.close()

    def end(self) -> None:
        """See no more."""
        self._watch.end()

    def _heard(self, event: PodEvent) -> None:
        if not event.is_deletion:
            self._see(event.object)

    def _see(self, pod: Pod) -> None:
        number = objects.number_of(pod.metadata.name)
        if number in self._played.outcomes:
            return
        if pod.spec.node_name:
            devices = (pod.metadata.annotations or {}).get(_DEVICES, "")
            self._note(number, Placed(pod.spec.node_name, devices_of(devices) if devices else ()))
        elif pod.is_unschedulable:
            self._note(number, None)
            self._delete(pod.metadata.name)

    def _note(self, number: int, outcome: Placed | None) -> None:
        self._played.outcomes[number] = outcome
        if len(self._played.outcomes) % _PROGRESS == 0:
            sys.stderr.write(f"  {len(self._played.outcomes)} pods decided\n")

    def _delete(self, name: str) -> None:
        try:
            self._deletions.send("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0", {})
        except ApiError as error:
            if error.status != 404:
                raise

"""Watching pods: which are there, which are bound, which found no room, and when the last of them was decided."""

import threading
import time
from collections.abc import Callable, Collection
from typing import Self

from bench.replay.watch import PodEvent, PodWatch
from sandbox import ControlPlane

_NOTHING_FOR_SECONDS = 60.0


class Watcher:
    """A context manager that sees the pods of a control plane; `changed_at` is when it last saw one decided."""

    def __init__(self, plane: ControlPlane) -> None:
        self.present: set[str] = set()
        self.bound: set[str] = set()
        self.refused: set[str] = set()
        self.changed_at = 0.0
        self._plane = plane
        self._watch = PodWatch(plane.api, self._see)
        self._thread = threading.Thread(target=self._watch.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._watch.end()
        self._thread.join()

    def until_present(self, names: Collection[str]) -> None:
        """Return when all of these pods are there."""
        self._until(lambda: self.present.issuperset(names), "created")

    def until_decided(self, names: Collection[str]) -> float:
        """Return when all of these pods are bound or refused, and when the last of them was."""
        self._until(lambda: (self.bound | self.refused).issuperset(names), "decided")
        return self.changed_at

    def until_gone(self, names: Collection[str]) -> None:
        """Return when none of these pods is there."""
        self._until(lambda: self.present.isdisjoint(names), "deleted")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        progress, since = -1, time.monotonic()
        while not holds():
            self._plane.check()
            counted = len(self.present) + len(self.bound) + len(self.refused)
            if counted != progress:
                progress, since = counted, time.monotonic()
            if time.monotonic() - since > _NOTHING_FOR_SECONDS:
                raise RuntimeError(f"for {_NOTHING_FOR_SECONDS:g} s no further pod was {what}")
            time.sleep(0.01)

    def _see(self, event: PodEvent) -> None:
        pod, name = event.object, event.object.metadata.name
        if event.is_deletion:
            for names in (self.present, self.bound, self.refused):
                names.discard(name)
            return
        self.present.add(name)
        decided = self.bound if pod.spec.node_name else self.refused if pod.is_unschedulable else None
        if decided is not None and name not in decided:
            decided.add(name)
            self.changed_at = time.monotonic()

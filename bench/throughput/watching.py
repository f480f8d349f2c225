"""Watching pods: which are there, which are bound, which found no room, and when the last of them was decided."""

import threading
import time
from collections.abc import Callable, Collection
from http.client import HTTPException
from typing import Self

import msgspec

from bench.replay.connection import Connection
from sandbox import ControlPlane

PODS = "/api/v1/namespaces/default/pods"
_NOTHING_FOR_SECONDS = 60.0


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    resource_version: str = ""


class _Spec(msgspec.Struct, rename="camel"):
    node_name: str = ""


class _Condition(msgspec.Struct):
    reason: str = ""


class _Status(msgspec.Struct):
    conditions: list[_Condition] | None = None


class _Pod(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


class _Event(msgspec.Struct):
    type: str
    object: _Pod


_EVENT = msgspec.json.Decoder(_Event)


class Watcher:
    """A context manager that sees the pods of a control plane; `changed_at` is when it last saw one decided."""

    def __init__(self, plane: ControlPlane) -> None:
        self.present: set[str] = set()
        self.bound: set[str] = set()
        self.refused: set[str] = set()
        self.changed_at = 0.0
        self._plane = plane
        self._events = Connection(plane.api)
        self._version = "0"
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over = True
        self._events.end()
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

    def _run(self) -> None:
        try:
            while not self._is_over:
                self._watch()
        except (OSError, HTTPException):
            if not self._is_over:
                raise
        finally:
            self._events.close()

    def _watch(self) -> None:
        """See events until the API server ends the watch, as it does where very many come at once."""
        for line in self._events.lines(f"{PODS}?watch=1&resourceVersion={self._version}"):
            event = _EVENT.decode(line)
            if event.type == "ERROR":
                self._version = "0"
                return
            self._version = event.object.metadata.resource_version
            self._see(event)

    def _see(self, event: _Event) -> None:
        pod, name = event.object, event.object.metadata.name
        if event.type == "DELETED":
            for names in (self.present, self.bound, self.refused):
                names.discard(name)
            return
        self.present.add(name)
        is_refused = any(each.reason == "Unschedulable" for each in pod.status.conditions or ())
        decided = self.bound if pod.spec.node_name else self.refused if is_refused else None
        if decided is not None and name not in decided:
            decided.add(name)
            self.changed_at = time.monotonic()

"""Watching the pods of a control plane for as long as a benchmark runs."""

from collections.abc import Callable
from http.client import HTTPException

import msgspec

from bench.replay.connection import Connection
from sandbox import Endpoint

PODS = "/api/v1/namespaces/default/pods"


class Metadata(msgspec.Struct, rename="camel"):
    """What identifies a pod and its state."""

    name: str = ""
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class Spec(msgspec.Struct, rename="camel"):
    """Where a pod is bound."""

    node_name: str = ""


class _Condition(msgspec.Struct):
    reason: str = ""


class _Status(msgspec.Struct):
    conditions: list[_Condition] | None = None


class Pod(msgspec.Struct):
    """A pod, as far as benchmarks look at it."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Spec = msgspec.field(default_factory=Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def is_unschedulable(self) -> bool:
        """Whether a scheduler found no node for it."""
        return any(each.reason == "Unschedulable" for each in self.status.conditions or ())


class PodEvent(msgspec.Struct):
    """What a watch tells."""

    type: str
    object: Pod

    @property
    def is_deletion(self) -> bool:
        """Whether the pod is gone."""
        return self.type == "DELETED"


_EVENT = msgspec.json.Decoder(PodEvent)


class PodWatch:
    """Tells of every event of the pods, until it is ended from another thread."""

    def __init__(self, endpoint: Endpoint, see: Callable[[PodEvent], None]) -> None:
        self._events = Connection(endpoint)
        self._see = see
        self._version = "0"
        self._is_over = False

    def run(self) -> None:
        """Watch until the end; raises OSError and HTTPException where that comes too early."""
        try:
            while not self._is_over:
                self._watch()
        except (OSError, HTTPException):
            if not self._is_over:
                raise
        finally:
            self._events.close()

    def end(self) -> None:
        """See no more."""
        self._is_over = True
        self._events.end()

    def _watch(self) -> None:
        """See events until the API server ends the watch, as it does where very many come at once."""
        for line in self._events.lines(f"{PODS}?watch=1&resourceVersion={self._version}"):
            event = _EVENT.decode(line)
            if event.type == "ERROR":  # What was seen last is no longer known there.
                self._version = "0"
                return
            self._version = event.object.metadata.resource_version
            self._see(event)

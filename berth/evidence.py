"""What `berth explain` goes by: the pod, what Berth wrote on it, and the events about it.

Nearly everything is optional, because annotations are text that anybody may have written.
"""

from typing import Any, TypeVar

import msgspec

from cluster.shapes import Metadata, Shape
from placement import keys

T = TypeVar("T")


class _Spec(Shape):
    node_name: str = ""


class _Condition(Shape):
    type: str
    status: str
    message: str = ""


class _Status(Shape):
    phase: str = "Pending"
    conditions: list[_Condition] | None = None


class Subject(Shape):
    """The pod that is explained."""

    metadata: Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def waits_because(self) -> str:
        """The scheduler's words about a pod without a node, or nothing."""
        waiting = (each for each in self.status.conditions or () if each.type == "PodScheduled")
        return next((each.message for each in waiting if each.status == "False"), "")


class RejectedClass(msgspec.Struct, rename={"accelerator_class": "class"}):
    """A class that was considered, and why it was not chosen."""

    accelerator_class: str
    why: str = ""


class ClassDecision(msgspec.Struct, rename={"accelerator_class": "class"}):
    """The annotation berth.ome.io/decision; `omitted` counts rejected classes for which there was no room."""

    accelerator_class: str = ""
    classes: list[str] = []
    why: str = ""
    source: str = ""
    rejected: list[RejectedClass] = []
    omitted: int = 0
    injected: dict[str, Any] = {}
    warnings: list[str] = []
    notes: list[str] = []

    @property
    def chosen(self) -> str:
        """The class, or the alternatives that are left open, in order."""
        return self.accelerator_class or " or ".join(self.classes) or "none"


class RunnerUp(Shape):
    """A node that would have done as well, but not as well."""

    node: str
    score: Any = None


class NodeDecision(msgspec.Struct, rename="camel"):
    """The annotation berth.ome.io/placement; `rejected` counts nodes per reason, `sick` nodes ranked last.

    `chosen` is there where the pod was bound to another node than the one that was chosen, if any was.
    """

    chosen: str | msgspec.UnsetType | None = msgspec.UNSET
    score: dict[str, Any] = {}
    runners_up: list[RunnerUp] = []
    rejected: dict[str, int] = {}
    sick: list[str] = []


class _Involved(Shape):
    uid: str = ""


class _Series(Shape):
    last_observed_time: str | None = None


class Event(Shape):
    """An event about some object."""

    involved_object: _Involved
    reason: str = ""
    message: str = ""
    last_timestamp: str | None = None
    event_time: str | None = None
    series: _Series | None = None

    @property
    def seen_at(self) -> str:
        """When it was last seen; RFC 3339 in UTC sorts as text."""
        repeated = self.series.last_observed_time if self.series else None
        return repeated or self.last_timestamp or self.event_time or ""


class Events(Shape):
    """A list of events."""

    items: list[Event]


class UnreadableError(Exception):
    """An annotation of ours that somebody else has written or edited."""


def class_decision(pod: Metadata) -> ClassDecision | None:
    """Return what the webhook wrote, or None where it wrote nothing; raises UnreadableError."""
    return _annotation(pod, keys.DECISION, ClassDecision)


def node_decision(pod: Metadata) -> NodeDecision | None:
    """Return what the extender wrote, or None where it wrote nothing; raises UnreadableError."""
    return _annotation(pod, keys.PLACEMENT, NodeDecision)


def _annotation(pod: Metadata, key: str, kind: type[T]) -> T | None:
    text = (pod.annotations or {}).get(key)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise UnreadableError(f"its annotation {key} cannot be read: {error}") from None

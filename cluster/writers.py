"""The few writes: each function is one call to the API server and raises ApiError."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from http import HTTPStatus
from typing import NamedTuple

from cluster.api import Api, ApiError, PatchKind
from placement.keys import TOUCHED
from placement.pods import Pod

MAX_NOTE_BYTES = 1024
# A pod's name may be as long as an event's, which has a digest behind it.
MAX_NAME_PREFIX = 200

# The API server's words; the reason that it gives beside them is that of every refusal.
_BEING_DELETED = "because it is being terminated"


class EventType(StrEnum):
    """How an event is meant."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened with an object: `reason` and `action` are single words in CamelCase, `note` is for people."""

    type: EventType
    reason: str
    action: str
    note: str


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports events: the controller's name with its domain, and which instance of it (a pod's name)."""

    controller: str
    instance: str


async def annotate_pod(api: Api, pod: Pod, annotations: Mapping[str, str]) -> None:
    """Set annotations of this very pod: another one of the same name is refused with 422."""
    body = {"metadata": {"uid": pod.uid, "annotations": dict(annotations)}}
    await api.patch(_pod_path(pod.namespace, pod.name), body, PatchKind.MERGE)


async def touch_node(api: Api, name: str, value: str) -> None:
    """Change a node's annotation, so that kube-scheduler tries again the pods that were rejected."""
    body = {"metadata": {"annotations": {TOUCHED: value}}}
    await api.patch(f"/api/v1/nodes/{name}", body, PatchKind.MERGE)


async def publish_event(api: Api, pod: Pod, event: Event, reporter: Reporter, now: datetime) -> None:
    """Create an event about a pod; a note over 1024 bytes is cut.

    The same event about the same pod has the same name: of several replicas that see the same, one tells it, and the
    others get 409.
    """
    await publish_about(api, Subject("Pod", pod.namespace, pod.name, pod.uid), event, reporter, now)


async def publish_node_event(api: Api, node: tuple[str, str], event: Event, reporter: Reporter, now: datetime) -> None:
    """Create an event about a node, given by name and uid, as publish_event does about a pod."""
    await publish_about(api, Subject("Node", "", *node), event, reporter, now)


class Subject(NamedTuple):
    """What an event is about; an object without a namespace has an empty one."""

    kind: str
    namespace: str
    name: str
    uid: str
    api_version: str = "v1"


async def publish_about(api: Api, subject: Subject, event: Event, reporter: Reporter, now: datetime) -> None:
    """Create an event about any object, as publish_event does about a pod."""
    # The API server wants events about objects without a namespace in this one.
    namespace = subject.namespace or "default"
    named = {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name, "uid": subject.uid}
    regarding = {"apiVersion": subject.api_version, **{name: text for name, text in named.items() if text}}
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": _event_name(subject, event), "namespace": namespace},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": event.type.value,
        "reason": event.reason,
        "action": event.action,
        "note": _cut(event.note),
        "regarding": regarding,
        "reportingController": reporter.controller,
        "reportingInstance": reporter.instance,
    }
    await api.create(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body)


def is_ending(error: ApiError) -> bool:
    """Tell whether a write was refused because its namespace is being deleted, or is gone."""
    if error.status == HTTPStatus.FORBIDDEN:
        return _BEING_DELETED in error.message
    return error.status == HTTPStatus.NOT_FOUND and error.message.startswith("namespaces ")


def _pod_path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def _event_name(subject: Subject, event: Event) -> str:
    said = f"{subject.uid} {event.reason} {event.note}"
    return f"{subject.name[:MAX_NAME_PREFIX].rstrip('.-')}.{sha256(said.encode()).hexdigest()[:16]}"


def _cut(note: str) -> str:
    whole = note.encode()
    if len(whole) <= MAX_NOTE_BYTES:
        return note
    return whole[: MAX_NOTE_BYTES - len("…".encode())].decode(errors="ignore") + "…"

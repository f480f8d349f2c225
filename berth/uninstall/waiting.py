"""A pod that waits for a node."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from berth.uninstall.steps import Findings, shortened
from cluster.api import Api
from cluster.shapes import Metadata, Shape
from controller.overseeing.owners import Reference, controller_of


class _Metadata(Metadata):
    finalizers: list[str] | None = None


class _Pod(Shape):
    metadata: _Metadata


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pod as it was seen: which one in which state, and who made it."""

    namespace: str
    name: str
    uid: str
    version: str
    owner: Reference | None
    is_terminating: bool
    finalizers: tuple[str, ...]
    raw: bytes

    @property
    def title(self) -> str:
        """How people call it."""
        return f"{self.namespace}/{self.name}"

    @property
    def end(self) -> str:
        """What is said of one that is being deleted."""
        held = f", and held by its finalizers {', '.join(self.finalizers)}" if self.finalizers else ""
        return f"pod {self.title} is being deleted{held}"

    @property
    def collection(self) -> str:
        """Where the API has the pods of its namespace."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def deletion(self, api: Api) -> Callable[[], Awaitable[object]]:
        """Return what deletes this very pod as it was seen: one that was bound meanwhile is refused with 409."""
        body = {"preconditions": {"uid": self.uid, "resourceVersion": self.version}}
        return lambda: api.delete(f"{self.collection}/{self.name}", body)


def decode_waiting(raw: msgspec.Raw) -> Waiting:
    """Return a pod of its JSON."""
    metadata = msgspec.json.decode(raw, type=_Pod).metadata
    return Waiting(
        metadata.namespace,
        metadata.name,
        metadata.uid,
        metadata.resource_version,
        controller_of(raw),
        metadata.deletion_timestamp is not None,
        tuple(metadata.finalizers or ()),
        bytes(raw),
    )


def left(pods: Sequence[Waiting], why: str) -> Findings:
    """Return that pods cannot be handed over, and why; nothing where there are none."""
    if not pods:
        return Findings()
    return Findings(left=(f"waiting pod {shortened([each.title for each in pods])}: {why}",))

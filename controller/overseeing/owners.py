"""Who made a pod, and whether that one would make it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from cachetools import LRUCache

from cluster.api import Api, ApiError
from cluster.shapes import Metadata, Shape
from cluster.writers import Subject
from placement import keys

_REMEMBERED = 4096


class Reference(msgspec.Struct, rename="camel", frozen=True):
    """Who made an object; at most one owner is its controller."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class _OwnedMetadata(Shape):
    namespace: str = ""
    name: str = ""
    owner_references: list[Reference] | None = None


class _Owned(Shape):
    metadata: _OwnedMetadata

    @property
    def controller(self) -> Reference | None:
        return next((each for each in self.metadata.owner_references or () if each.controller), None)


class _Template(Shape):
    spec: msgspec.Raw


class _Spec(Shape):
    template: _Template
    replicas: int = 1
    suspend: bool | None = None
    backoff_limit: int = 6
    backoff_limit_per_index: int | None = None


class _Status(Shape):
    failed: int = 0


class _Workload(Shape):
    metadata: Metadata
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)


_OWNED = msgspec.json.Decoder(_Owned)
_WORKLOAD = msgspec.json.Decoder(_Workload)


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller of a pod: whom people know it by (`told`), and the spec that it gives new pods, in JSON.

    `obstacle` is why it would not make a deleted pod again; empty where it would.
    """

    told: Subject
    template: msgspec.Raw | None = None
    obstacle: str = ""


class Owners:
    """Asks the API server for the owners of pods."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._told: LRUCache[str, Subject] = LRUCache(_REMEMBERED)

    async def told_of(self, reference: Reference, namespace: str) -> Subject:
        """Return whom people know an owner by: the Deployment behind a ReplicaSet. Raises ApiError."""
        if reference.kind != "ReplicaSet":
            return _subject(reference, namespace)
        if reference.uid not in self._told:
            self._told[reference.uid] = (await self.of(reference, namespace)).told
        return self._told[reference.uid]

    async def of(self, reference: Reference | None, namespace: str) -> Owner:
        """Return the owner of a pod as it is; raises ApiError."""
        if reference is None:
            return Owner(Subject("", "", "", ""), obstacle="nobody would make it again: it has no controller")
        itself = _subject(reference, namespace)
        kind = _KINDS.get((reference.api_version.partition("/")[0], reference.kind))
        if kind is None:
            return Owner(itself, obstacle=f"a {reference.kind} may not make it again")
        path = f"/apis/{reference.api_version}/namespaces/{namespace}/{kind.plural}/{reference.name}"
        try:
            raw = await self._api.get(path)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return Owner(itself, obstacle=_GONE)
        return _owner(raw, itself, kind.obstacle)


def _owner(raw: bytes, itself: Subject, obstacle_of: Callable[[_Workload], str]) -> Owner:
    try:
        found = _WORKLOAD.decode(raw)
    except ValueError as error:
        return Owner(itself, obstacle=f"its owner is not understood: {error}")
    above = _OWNED.decode(raw).controller
    is_same = found.metadata.uid == itself.uid and found.metadata.deletion_timestamp is None
    told = _subject(above, itself.namespace) if above else itself
    return Owner(told, found.spec.template.spec, obstacle_of(found) if is_same else _GONE)


def controller_of(raw: bytes | msgspec.Raw) -> Reference | None:
    """Return the controller of an object."""
    return _OWNED.decode(raw).controller


def as_made(raw: bytes, template: msgspec.Raw) -> dict[str, Any]:
    """Return a pod as its owner would make it: with its own labels, and the spec of the owner's template."""
    metadata: Mapping[str, Any] = msgspec.json.decode(raw)["metadata"]
    own = {name: metadata[name] for name in ("name", "namespace", "ownerReferences") if name in metadata}
    words = {name: _foreign(metadata[name]) for name in ("labels", "annotations") if name in metadata}
    spec = msgspec.json.decode(template)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**own, **words}, "spec": spec}


def _foreign(words: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in words.items() if key not in keys.OURS_ON_PODS}


def _subject(reference: Reference, namespace: str) -> Subject:
    return Subject(reference.kind, namespace, reference.name, reference.uid, reference.api_version)


def _unless_scaled_down(found: _Workload) -> str:
    return "" if found.spec.replicas > 0 else "its owner is scaled to nothing"


def _unless_it_costs_a_failure(found: _Workload) -> str:
    """A Job counts a deleted pod as one that failed, which may be one too many."""
    if found.spec.suspend:
        return "its Job is suspended"
    if found.spec.backoff_limit_per_index is not None or found.status.failed >= found.spec.backoff_limit:
        return "its Job counts a deleted pod as failed, and tolerates no more"
    return ""


@dataclass(frozen=True, slots=True)
class _Kind:
    plural: str
    obstacle: Callable[[_Workload], str]


_GONE = "its owner is gone"

# Those that replace a deleted pod by one of the same template, alone and at once. A DaemonSet's pods are made for their
# nodes; whoever else makes pods may take one that is gone for a failure of the whole.
_KINDS: Mapping[tuple[str, str], _Kind] = {
    ("apps", "ReplicaSet"): _Kind("replicasets", _unless_scaled_down),
    ("apps", "StatefulSet"): _Kind("statefulsets", _unless_scaled_down),
    ("batch", "Job"): _Kind("jobs", _unless_it_costs_a_failure),
}

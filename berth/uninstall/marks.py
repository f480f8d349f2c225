"""What Berth wrote on objects of others, and the labels by which people had it do so: pods, nodes, namespaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from berth.uninstall.objects import each_of
from berth.uninstall.shares import Shares
from berth.uninstall.steps import FIELD_MANAGER, Change, Findings
from cluster.api import Api, PatchKind
from cluster.shapes import Metadata, Quantities, Shape
from placement.keys import DEVICES, INJECTION, OURS_ON_PODS, SCHEDULER, SHARED, TOUCHED
from placement.shares import SHARES

_REPORTERS = ("berth.ome.io/controller", "berth.ome.io/extender")


class _Status(Shape):
    capacity: Quantities = None
    allocatable: Quantities = None


class _Spec(Shape):
    taints: list[dict[str, Any]] | None = None


class _Object(Shape):
    metadata: Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)


@dataclass(frozen=True, slots=True)
class Marks:
    """Takes off what is Berth's; pods that hold shares keep their devices, and their nodes what they offer."""

    api: Api
    scheduler: str
    shares: Shares

    async def find(self) -> Findings:
        """Return what is to be taken off. Raises ApiError."""
        holders = await self.shares.holders()
        return Findings(
            (
                *await self._pods({each.uid for each in holders}),
                *await self._nodes({each.node for each in holders}),
                *await self._namespaces(),
                *await self._events(),
            )
        )

    async def taints(self) -> Findings:
        """Return the nodes onto which nobody but the scheduler puts pods. Raises ApiError."""
        changes = []
        async for each in self._objects("/api/v1/nodes"):
            taints, name = each.spec.taints or [], each.metadata.name
            others = [taint for taint in taints if (taint["key"], taint.get("value")) != (SCHEDULER, self.scheduler)]
            if others != taints:
                patch = {"metadata": {"resourceVersion": each.metadata.resource_version}, "spec": {"taints": others}}
                changes.append(self._patched(f"take taint {SCHEDULER} off node", name, f"/api/v1/nodes/{name}", patch))
        return Findings(tuple(changes))

    async def _pods(self, holders: set[str]) -> list[Change]:
        found = []
        async for each in self._objects("/api/v1/pods"):
            wanted = OURS_ON_PODS - ({DEVICES} if each.metadata.uid in holders else set())
            if patch := _off(each.metadata, labels=wanted, annotations=wanted):
                path = f"/api/v1/namespaces/{each.metadata.namespace}/pods/{each.metadata.name}"
                title = f"{each.metadata.namespace}/{each.metadata.name}"
                found.append(self._patched("take Berth's annotations and label off pod", title, path, patch))
        return found

    async def _nodes(self, sharing: set[str]) -> list[Change]:
        found = []
        async for each in self._objects("/api/v1/nodes"):
            name = each.metadata.name
            path, labels = f"/api/v1/nodes/{name}", frozenset() if name in sharing else frozenset({SHARED})
            if patch := _off(each.metadata, labels=labels, annotations=frozenset({TOUCHED})):
                found.append(self._patched("take Berth's annotation and label off node", name, path, patch))
            offered = {**(each.status.capacity or {}), **(each.status.allocatable or {})}
            if SHARES in offered and name not in sharing:
                nothing = {"status": {"capacity": {SHARES: None}, "allocatable": {SHARES: None}}}
                found.append(self._patched(f"take {SHARES} off node", name, f"{path}/status", nothing))
        return found

    async def _namespaces(self) -> list[Change]:
        return [
            self._patched(f"take label {INJECTION} off namespace", name, f"/api/v1/namespaces/{name}", patch)
            async for each in self._objects("/api/v1/namespaces", {"labelSelector": INJECTION})
            if (name := each.metadata.name) and (patch := _off(each.metadata, labels={INJECTION}))
        ]

    async def _events(self) -> list[Change]:
        """Return the deletion of what was told, which the API server forgets within an hour anyway."""
        found = []
        for reporter in (*_REPORTERS, self.scheduler):
            async for each in self._objects("/api/v1/events", {"fieldSelector": f"reportingComponent={reporter}"}):
                namespace, name = each.metadata.namespace, each.metadata.name
                path = f"/api/v1/namespaces/{namespace}/events/{name}"
                found.append(Change("delete Event", f"{namespace}/{name}", partial(self.api.delete, path)))
        return found

    async def _objects(self, path: str, selectors: dict[str, str] | None = None) -> Any:
        async for raw in each_of(self.api, path, selectors or {}):
            yield msgspec.json.decode(raw, type=_Object)

    def _patched(self, words: str, title: str, path: str, patch: Any) -> Change:
        return Change(
            words, title, lambda: self.api.patch(path, patch, PatchKind.MERGE, {"fieldManager": FIELD_MANAGER})
        )


def _off(metadata: Metadata, labels: Iterable[str], annotations: Iterable[str] = ()) -> dict[str, Any]:
    """Return the patch that takes off of an object what it has of these; empty where it has nothing."""
    gone = {
        "labels": {key: None for key in labels if key in (metadata.labels or {})},
        "annotations": {key: None for key in annotations if key in (metadata.annotations or {})},
    }
    said = {kind: keys for kind, keys in gone.items() if keys}
    return {"metadata": {**({"uid": metadata.uid} if metadata.namespace else {}), **said}} if said else {}

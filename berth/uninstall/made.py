"""Classes and flavors that Berth made, and what it said in the statuses of those of others.

What somebody changed or uses stays, and is theirs from then on: without Berth's marks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from berth.uninstall.objects import each_of
from berth.uninstall.steps import Change, Findings
from cluster.api import Api, PatchKind
from cluster.applied import identity, is_edited
from cluster.custom_objects import decode_custom_object
from cluster.kinds import CLASSES_PATH, PROFILES_PATH, RESOURCES, Kind
from cluster.kueue_manifests import BERTH, MANAGED_BY
from cluster.uses import is_named
from controller.discovering.standing import DISCOVERED
from controller.discovering.standing import MANAGER as DISCOVERY
from controller.overseeing.slipped import CONDITION as TREATED
from controller.overseeing.stuck import CONDITION as PLACED
from controller.queueing.findings import IN_SYNC
from controller.queueing.flavors import MANAGER as QUEUEING
from controller.queueing.links import is_made_by_berth
from controller.reconciling.conditions import READY
from controller.scaling import SCALABLE
from placement.keys import APPLIED, AUTO_DISCOVERED, CHOSEN_CLASS, OF_FLAVOR

# As the API server calls the programs, by their User-Agent.
_STATUS_MANAGER = "berth"
_CONDITIONS = frozenset({READY, DISCOVERED, TREATED, PLACED, IN_SYNC, SCALABLE, "Conflict", "SchemaComplete"})
_MARKS: Mapping[str, Any] = {
    "labels": {AUTO_DISCOVERED: None, MANAGED_BY: None},
    "annotations": {APPLIED: None, OF_FLAVOR: None, CHOSEN_CLASS: None},
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """Deletes what Berth made and nobody else has to do with."""

    api: Api

    async def flavors(self) -> Findings:
        """Return what becomes of Kueue's flavors. Raises ApiError."""
        used = await self._flavors_in_use()
        found = []
        async for path, each in self._of(Kind.FLAVORS):
            if is_made_by_berth(decode_custom_object(msgspec.json.encode(each))):
                name = each["metadata"]["name"]
                reason = "a ClusterQueue has it" if name in used else _edited(each, QUEUEING)
                found.append(self._left("ResourceFlavor", path, each, reason))
        return Findings.of(found)

    async def classes(self) -> Findings:
        """Return what becomes of classes. Raises ApiError."""
        found = []
        async for raw in each_of(self.api, CLASSES_PATH, {"labelSelector": f"{AUTO_DISCOVERED}=true"}):
            each = msgspec.json.decode(raw)
            metadata = each["metadata"]
            annotations = metadata.get("annotations") or {}
            if APPLIED in annotations and not metadata.get("ownerReferences"):
                is_used = await is_named(self.api, metadata["name"])
                reason = _edited(each, QUEUEING if OF_FLAVOR in annotations else DISCOVERY)
                reason = "a profile or an object of OME names it" if is_used else reason
                found.append(self._left("AcceleratorClass", CLASSES_PATH, each, reason))
        return Findings.of(found)

    async def statuses(self) -> Findings:
        """Return what is to be taken out of the statuses of classes and profiles. Raises ApiError."""
        changes = []
        for kind, path in (("AcceleratorClass", CLASSES_PATH), ("AcceleratorProfile", PROFILES_PATH)):
            async for raw in each_of(self.api, path, {}):
                each = msgspec.json.decode(raw)
                subresource, patch = _cleared(each)
                if patch:
                    name = each["metadata"]["name"]
                    words = f"clear what Berth said in the status of {kind}"
                    changes.append(self._patched(words, name, f"{path}/{name}{subresource}", patch))
        return Findings(tuple(changes))

    def _left(self, kind: str, path: str, standing: Json, reason: str) -> Findings:
        metadata = standing["metadata"]
        name, place = metadata["name"], f"{path}/{metadata['name']}"
        if "deletionTimestamp" in metadata:
            return Findings(awaited=(f"{kind} {name} is being deleted",))
        if not reason:
            body = {"preconditions": identity(metadata)}
            return Findings((Change(f"delete {kind}", name, lambda: self.api.delete(place, body)),))
        state = {"resourceVersion": metadata["resourceVersion"], "managedFields": _others(metadata)}
        words = f"leave ({reason}), without Berth's marks, {kind}"
        return Findings((self._patched(words, name, place, {"metadata": {**_MARKS, **state}}),))

    async def _flavors_in_use(self) -> set[str]:
        used: set[str] = set()
        async for _, queue in self._of(Kind.CLUSTER_QUEUES):
            for group in (queue.get("spec") or {}).get("resourceGroups") or ():
                used |= {each["name"] for each in group.get("flavors") or ()}
        return used

    async def _of(self, kind: Kind) -> Any:
        """Yield the objects of a kind of Kueue's, each once, with the path of the version in which it is served."""
        seen: set[str] = set()
        for path in (RESOURCES[kind].path, *RESOURCES[kind].other_paths):
            async for raw in each_of(self.api, path, {}):
                each = msgspec.json.decode(raw)
                if each["metadata"]["uid"] not in seen:
                    seen.add(each["metadata"]["uid"])
                    yield path, each

    def _patched(self, words: str, title: str, path: str, patch: Any) -> Change:
        return Change(words, title, lambda: self.api.patch(path, patch, PatchKind.MERGE))


def _edited(standing: Json, manager: str) -> str:
    metadata = standing["metadata"]
    marks = {MANAGED_BY, CHOSEN_CLASS}
    plain = {name: _without(metadata.get(name), marks) for name in ("labels", "annotations")}
    return "somebody changed it" if is_edited({**standing, "metadata": {**metadata, **plain}}, manager) else ""


def _without(words: Mapping[str, str] | None, keys: set[str]) -> dict[str, str]:
    return {key: text for key, text in (words or {}).items() if key not in keys}


def _others(metadata: Json) -> list[Json]:
    """Return who owns what of an object, without Berth; an empty list would leave all as they are."""
    return [each for each in metadata.get("managedFields") or () if not each["manager"].startswith(BERTH)] or [{}]


def _cleared(standing: Json) -> tuple[str, Json]:
    """Return the subresource and the patch that take out of a status what Berth owns there; no patch for nothing.

    Who changes a list of conditions that is atomic owns the others' conditions: that is given up by itself.
    """
    metadata, status = standing["metadata"], standing.get("status") or {}
    owned = {key.removeprefix("f:") for key in _owned(metadata)}
    conditions = status.get("conditions") or []
    others = [each for each in conditions if each["type"] not in _CONDITIONS]
    fields: Json = {name: None for name in owned - {"conditions"} if name in status}
    if "conditions" in owned and others != conditions:
        fields["conditions"] = others or None
    version = {"resourceVersion": metadata["resourceVersion"]}
    if fields:
        return "/status", {"metadata": version, "status": fields}
    return "", {"metadata": {**version, "managedFields": _others(metadata)}} if owned else {}


def _owned(metadata: Json) -> Iterator[str]:
    for each in metadata.get("managedFields") or ():
        if each["manager"] == _STATUS_MANAGER and each.get("subresource") == "status":
            yield from (each.get("fieldsV1") or {}).get("f:status") or ()

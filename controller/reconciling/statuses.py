"""The status of each class and each profile: all that is found of it, in one write."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError, PatchKind
from cluster.custom_objects import CustomObject, decode_custom_object
from controller.reconciling.conditions import Condition, Judgement, succession
from controller.reconciling.objects import Objects

Judge = Callable[[CustomObject], Iterable[Judgement]]
Fields = Callable[[CustomObject], Mapping[str, Any]]

# Stands for the time at which another field of the same object changed.
NOW = object()

# Somebody changed or deleted the object meanwhile: the watch tells, and it is looked at again.
_OVERTAKEN = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})


class _Object(msgspec.Struct):
    status: dict[str, Any] | None = None


def no_fields(_seen: CustomObject) -> Mapping[str, Any]:
    """Return that nothing is said beside conditions."""
    return {}


@dataclass(frozen=True)
class Statuses:
    """Writes what the judges find of objects of one kind, and fields beside it, where that is not what stands there.

    A field that is None is removed; one that is NOW tells when another one last changed.
    """

    api: Api
    path: str
    objects: Objects
    clock: Callable[[], datetime]
    judges: tuple[Judge, ...]
    fields: Fields = no_fields

    async def settle(self, key: str) -> list[str]:
        """Write the status of one object where it is to be another; return what changed. Raises ApiError."""
        seen = self.objects.by_key.get(key)
        if seen is None:
            return []
        standing = msgspec.json.decode(seen.raw, type=_Object).status or {}
        changes = self._changes(seen, standing)
        if not changes or not await self._write(seen, changes):
            return []
        return [f"{seen.name}: {_told(changes, standing)}"]

    def _changes(self, seen: CustomObject, standing: Mapping[str, Any]) -> dict[str, Any]:
        now = self.clock()
        changes = _changed(self.fields(seen), standing, now)
        judgements = [each for judge in self.judges for each in judge(seen)]
        conditions = succession(standing.get("conditions") or [], judgements, seen.generation, now)
        return changes if conditions is None else {**changes, "conditions": conditions}

    async def _write(self, seen: CustomObject, changes: Mapping[str, Any]) -> bool:
        # With the version, because a merge replaces the whole list, and others may have added to it.
        patch = {"metadata": {"resourceVersion": seen.resource_version}, "status": changes}
        try:
            written = await self.api.patch(f"{self.path}/{seen.name}/status", patch, PatchKind.MERGE)
        except ApiError as error:
            if error.status in _OVERTAKEN:
                return False
            raise
        self.objects.apply(decode_custom_object(written))
        return True


def _changed(wanted: Mapping[str, Any], standing: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the fields that are to be others, and when."""
    changes = {name: value for name, value in wanted.items() if value is not NOW and standing.get(name) != value}
    stamps = [name for name, value in wanted.items() if value is NOW] if changes else []
    return {**changes, **dict.fromkeys(stamps, now.strftime("%Y-%m-%dT%H:%M:%SZ"))}


def _told(changes: Mapping[str, Any], standing: Mapping[str, Any]) -> str:
    """Return what changed for the log: each condition that is another, and the names of the other fields."""
    before = {each.get("type"): each for each in standing.get("conditions") or []}
    conditions: list[Condition] = changes.get("conditions", [])
    said = [
        f"{each['type']} is {each['status']}: {each['reason']}: {each['message']}"
        for each in conditions
        if each != before.get(each["type"])
    ]
    return "; ".join([*said, *(name for name in changes if name != "conditions")])

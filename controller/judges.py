"""Classes and profiles as they were seen last, and the writing of their conditions."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError, PatchKind
from cluster.custom_objects import (
    CustomObject,
    InvalidObject,
    accelerator_class,
    decode_custom_object,
    profile,
)
from cluster.reflector import Resource
from cluster.view import CLASSES_PATH, PROFILES_PATH
from controller.conditions import Condition, judged, succession


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object that is judged: `parse` raises InvalidObject with what is wrong, `duty` names the judging."""

    name: str
    duty: str
    path: str
    parse: Callable[[bytes], object]

    @property
    def resource(self) -> Resource[CustomObject]:
        """What is watched."""
        return Resource(self.path, decode_custom_object, lambda each: each.name, is_optional=True)


CLASSES = Kind("AcceleratorClass", "class_conditions", CLASSES_PATH, accelerator_class)
PROFILES = Kind("AcceleratorProfile", "profile_conditions", PROFILES_PATH, profile)
KINDS = (CLASSES, PROFILES)

# Somebody changed or deleted the object meanwhile: the watch tells, and it is judged again.
_OVERTAKEN = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})


class _Status(msgspec.Struct):
    conditions: list[dict[str, Any]] | None = None


class _Object(msgspec.Struct):
    status: _Status | None = None


class Judge:
    """A reflector's sink for one kind; `changed` is set when there is something new to judge."""

    def __init__(self, api: Api, kind: Kind, clock: Callable[[], datetime]) -> None:
        self.changed = asyncio.Event()
        self._api = api
        self._kind = kind
        self._clock = clock
        self._seen: dict[str, CustomObject] = {}

    def apply(self, seen: CustomObject) -> None:
        """Take in an object that is new or has changed."""
        self._seen[seen.name] = seen
        self.changed.set()

    def remove(self, seen: CustomObject) -> None:
        """Drop an object that was deleted."""
        self._seen.pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all objects but these."""
        self._seen = {name: each for name, each in self._seen.items() if name in keys}

    async def judge(self) -> list[str]:
        """Write the condition of each object where it is another than the one that stands there. Raises ApiError."""
        changes = []
        for each in list(self._seen.values()):
            judgement = judged(problems(self._kind, each), each.generation)
            conditions = succession(_conditions(each), judgement, self._clock())
            if conditions is not None and await self._write(each, conditions):
                changes.append(f"{self._kind.name} {each.name}: {judgement['reason']}: {judgement['message']}")
        return changes

    async def _write(self, seen: CustomObject, conditions: list[Condition]) -> bool:
        # With the version, because a merge replaces the whole list, and others may have added to it.
        version = {"resourceVersion": seen.resource_version}
        patch = {"metadata": version, "status": {"conditions": conditions}}
        try:
            written = await self._api.patch(f"{self._kind.path}/{seen.name}/status", patch, PatchKind.MERGE)
        except ApiError as error:
            if error.status in _OVERTAKEN:
                return False
            raise
        self._seen[seen.name] = decode_custom_object(written)
        return True


def problems(kind: Kind, seen: CustomObject) -> tuple[str, ...]:
    """Return what is wrong with an object, in sentences."""
    try:
        kind.parse(seen.raw)
    except InvalidObject as error:
        return error.problems
    return ()


def _conditions(seen: CustomObject) -> list[dict[str, Any]]:
    status = msgspec.json.decode(seen.raw, type=_Object).status
    return (status and status.conditions) or []

"""The AcceleratorClasses as they were seen last, and the writing of their conditions."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError, PatchKind
from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class, decode_custom_object
from cluster.reflector import Resource
from cluster.view import CLASSES_PATH
from controller.conditions import Condition, judged, succession

CLASSES = Resource(CLASSES_PATH, decode_custom_object, lambda each: each.name, is_optional=True)

# Somebody changed or deleted the class meanwhile: the watch tells, and the class is judged again.
_OVERTAKEN = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})


class _Status(msgspec.Struct):
    conditions: list[dict[str, Any]] | None = None


class _Object(msgspec.Struct):
    status: _Status | None = None


class Classes:
    """A reflector's sink; `changed` is set when there is something new to judge."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self.changed = asyncio.Event()
        self._api = api
        self._clock = clock
        self._seen: dict[str, CustomObject] = {}

    def apply(self, seen: CustomObject) -> None:
        """Take in a class that is new or has changed."""
        self._seen[seen.name] = seen
        self.changed.set()

    def remove(self, seen: CustomObject) -> None:
        """Drop a class that was deleted."""
        self._seen.pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all classes but these."""
        self._seen = {name: each for name, each in self._seen.items() if name in keys}

    async def judge(self) -> list[str]:
        """Write the condition of each class where it is another than the one that stands there. Raises ApiError."""
        changes = []
        for each in list(self._seen.values()):
            judgement = judged(problems(each), each.generation)
            conditions = succession(_conditions(each), judgement, self._clock())
            if conditions is not None and await self._write(each, conditions):
                changes.append(f"AcceleratorClass {each.name}: {judgement['reason']}: {judgement['message']}")
        return changes

    async def _write(self, judged_class: CustomObject, conditions: list[Condition]) -> bool:
        # With the version, because a merge replaces the whole list, and others may have added to it.
        version = {"resourceVersion": judged_class.resource_version}
        patch = {"metadata": version, "status": {"conditions": conditions}}
        try:
            written = await self._api.patch(f"{CLASSES_PATH}/{judged_class.name}/status", patch, PatchKind.MERGE)
        except ApiError as error:
            if error.status in _OVERTAKEN:
                return False
            raise
        self._seen[judged_class.name] = decode_custom_object(written)
        return True


def problems(seen: CustomObject) -> tuple[str, ...]:
    """Return what is wrong with a class, in sentences."""
    try:
        accelerator_class(seen.raw)
    except InvalidObject as error:
        return error.problems
    return ()


def _conditions(seen: CustomObject) -> list[dict[str, Any]]:
    status = msgspec.json.decode(seen.raw, type=_Object).status
    return (status and status.conditions) or []

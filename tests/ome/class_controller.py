"""OME's controller of AcceleratorClasses as far as status goes: what it writes, when, and how.

As facts/accelerator-class.md 3.1 has it: a finalizer; nodes that have every label of the class, whether they can be
used or not; `nodes`, `availableNodes` and `lastUpdated` through an update of the whole status, tried again on a
conflict; every event of nodes and classes has all classes looked at.
"""

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.api import Api, ApiError

CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"
NODES = "/api/v1/nodes"
FINALIZER = "acceleratorclasses.ome.io/finalizer"

Json = dict[str, Any]


@dataclass
class ClassController:
    """It at work; `writes` counts what it wrote to each class, `events` how often it was woken."""

    api: Api
    writes: Counter[str] = field(default_factory=Counter)
    events: int = 0
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(NODES))
            tasks.create_task(self._watch(CLASSES))
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self._reconcile_all()

    async def _watch(self, path: str) -> None:
        while True:
            self._woken.set()
            async with aclosing(self.api.stream(path, {"watch": "1"})) as told:
                async for _ in told:
                    self.events += 1
                    self._woken.set()

    async def _reconcile_all(self) -> None:
        nodes = (await self._get(NODES))["items"]
        for each in (await self._get(CLASSES))["items"]:
            await self._reconcile(each["metadata"]["name"], nodes)

    async def _reconcile(self, name: str, nodes: list[Json]) -> None:
        try:
            found = await self._get(f"{CLASSES}/{name}")
            if FINALIZER not in found["metadata"].get("finalizers", []):
                found["metadata"]["finalizers"] = [*found["metadata"].get("finalizers", []), FINALIZER]
                found = msgspec.json.decode(await self.api.replace(f"{CLASSES}/{name}", found))
            await self._write_status(found, nodes)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            self._woken.set()

    async def _write_status(self, found: Json, nodes: list[Json]) -> None:
        wanted = found["spec"]["discovery"].get("nodeSelector", {})
        matching = sorted(each["metadata"]["name"] for each in nodes if _has(each, wanted))
        status, name = found.setdefault("status", {}), found["metadata"]["name"]
        if (status.get("nodes", []), status.get("availableNodes", 0)) == (matching, len(matching)):
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status |= {"nodes": matching, "availableNodes": len(matching), "lastUpdated": now}
        await self.api.replace(f"{CLASSES}/{name}/status", found)
        self.writes[name] += 1

    async def _get(self, path: str) -> Json:
        content: Json = msgspec.json.decode(await self.api.get(path))
        return content


def _has(node: Json, wanted: dict[str, str]) -> bool:
    labels = node["metadata"].get("labels", {})
    return all(labels.get(key, "") == value for key, value in wanted.items())

"""Who changes a cluster: labels, cordons, readiness, taints, pods, and nodes that come and go, at a steady rate."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import aiohttp

from bench.controller.objects import MAINTENANCE, Json, damaged_labels, hardware_labels, node, pod

NODES, PODS = "/api/v1/nodes", "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}

# How often each kind of change is drawn.
_KINDS = {"label": 5, "cordon": 5, "ready": 3, "taint": 2, "pod": 3, "come": 1, "go": 1}


class RefusedError(Exception):
    """The API server refused what must not be refused."""


@dataclass
class Standing:
    """One node as far as it was changed; `holder` is the pod on it."""

    place: int
    is_open: bool = True
    is_ready: bool = True
    is_clean: bool = True
    is_whole: bool = True
    holder: str = ""


@dataclass
class Changes:
    """Changes nodes over an API server; `done` counts what was changed."""

    api: aiohttp.ClientSession
    chance: Random
    pools: int
    nodes: dict[str, Standing]
    done: Counter[str] = field(default_factory=Counter)
    _busy: set[str] = field(default_factory=set)
    _numbers: int = 0

    async def run(self, seconds: float, rate: float) -> None:
        """Change something so many times a second; what is late is made up for."""
        began = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(seconds * rate)):
                await asyncio.sleep(began + number / rate - monotonic())
                tasks.create_task(self._change())

    async def _change(self) -> None:
        kind = self.chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        name = self.chance.choice([*self.nodes])
        if name in self._busy:
            kind, name = "come", ""
        self._busy.add(name)
        try:
            await getattr(self, f"_{kind}")(name)
        finally:
            self._busy.discard(name)
        self.done[kind] += 1

    async def _label(self, name: str) -> None:
        each, number = self.nodes[name], self.chance.randrange(1000)
        labels = hardware_labels(number) if not each.is_whole or number % 2 else damaged_labels(number)
        each.is_whole = len(labels) > 1
        await self._patch(name, {"metadata": {"labels": labels}})

    async def _cordon(self, name: str) -> None:
        each = self.nodes[name]
        each.is_open = not each.is_open
        await self._patch(name, {"spec": {"unschedulable": None if each.is_open else True}})

    async def _ready(self, name: str) -> None:
        each = self.nodes[name]
        each.is_ready = not each.is_ready
        ready = {"type": "Ready", "status": "True" if each.is_ready else "Unknown"}
        await self._patch(f"{name}/status", {"status": {"conditions": [ready]}})

    async def _taint(self, name: str) -> None:
        each = self.nodes[name]
        each.is_clean = not each.is_clean
        await self._patch(name, {"spec": {"taints": None if each.is_clean else [MAINTENANCE]}})

    async def _pod(self, name: str) -> None:
        each = self.nodes[name]
        if each.holder:
            await self._release(each)
        else:
            self._numbers += 1
            wanted = pod(self._numbers, name)
            await self.send("POST", PODS, wanted)
            each.holder = wanted["metadata"]["name"]

    async def _come(self, _name: str) -> None:
        self._numbers += 1
        place = self.chance.randrange(len(self.nodes))
        fresh = node(place, self._numbers, self.pools)
        await self.send("POST", NODES, fresh)
        self.nodes[fresh["metadata"]["name"]] = Standing(place)

    async def _go(self, name: str) -> None:
        each = self.nodes.pop(name)
        await self.send("DELETE", f"{NODES}/{name}")
        if each.holder:
            await self._release(each)

    async def _release(self, each: Standing) -> None:
        await self.send("DELETE", f"{PODS}/{each.holder}", {"gracePeriodSeconds": 0})
        each.holder = ""

    async def _patch(self, path: str, body: Json) -> None:
        await self.send("PATCH", f"{NODES}/{path}", body, headers=MERGE)

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **how: Any) -> None:
        """Send what the API server must not refuse."""
        async with self.api.request(method, path, json=body, **how) as response:
            if response.status >= 400:
                raise RefusedError(f"{method} {path}: {await response.text()}")

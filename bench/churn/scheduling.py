"""A scheduler in a few lines, and everybody else who makes pods come and go on the API server."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import msgspec

from bench.churn.objects import Draw, Json, devices_of, node
from placement.shares import SHARES

WORKERS = 16

# Nearly all devices are taken, two by a pod, so that some pods wait.
_PODS_PER_NODE = 4.2

# At 20 pods a second a node is replaced every 12 seconds.
_PODS_PER_REPLACED_NODE = 240

# One pod in ten ends by itself before it is deleted.
_FINISHING = 0.1

_MERGE = {"Content-Type": "application/merge-patch+json"}
_AT_ONCE = {"gracePeriodSeconds": "0"}
_UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node fits"}


class RefusedError(Exception):
    """The API server or the extender refused what must not be refused."""


class _Filtered(msgspec.Struct, rename="pascal"):
    node_names: list[str] | None = None
    error: str = ""


@dataclass
class Cluster:
    """What stands on the cluster, with the API server and the extender as HTTP; `outcomes` counts what happened."""

    api: aiohttp.ClientSession
    extender: aiohttp.ClientSession
    nodes: list[Json]
    chance: Random
    standing: dict[str, Json] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    _taken: Counter[str] = field(default_factory=Counter)
    _generations: Counter[int] = field(default_factory=Counter)
    _cycle: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def churn(self, draw: Draw, count: int) -> None:
        """Let so many pods come, and as many go once enough of them stand; nodes are replaced on the way."""
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await self._come(draw.pod())
                if len(self.standing) > _PODS_PER_NODE * len(self.nodes):
                    await self._go(self.chance.choice(list(self.standing)))
                if number % _PODS_PER_REPLACED_NODE == 0:
                    await self._replace(self.chance.randrange(len(self.nodes)))

        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(work())

    async def clear(self) -> None:
        """Let every pod go."""
        for uid in list(self.standing):
            await self._go(uid)

    async def _come(self, wanted: Json) -> None:
        pod = await self._send("POST", _path(wanted, ""), wanted)
        async with self._cycle:  # kube-scheduler asks about one pod at a time.
            name = await self._chosen(pod)
            if name:
                pod["spec"]["nodeName"] = name
                self._taken[name] += devices_of(pod)[1]
        if name:
            self.outcomes["bound"] += 1
            await self._bind(pod, name)
        else:
            self.outcomes["waited"] += 1
            body = {"status": {"conditions": [_UNSCHEDULABLE]}}
            await self._send("PATCH", _path(pod) + "/status", body, headers=_MERGE)
        self.standing[pod["metadata"]["uid"]] = pod

    async def _chosen(self, pod: Json) -> str | None:
        """Ask the extender about the nodes that have room, as kube-scheduler does: if there are any."""
        names = self._with_room(*devices_of(pod))
        if not names:
            return None
        body = json.dumps({"Pod": pod, "Nodes": None, "NodeNames": names}).encode()
        async with self.extender.post("/scheduler/filter", data=body) as response:
            answer = msgspec.json.decode(await response.read(), type=_Filtered)
        if answer.error:
            raise RefusedError(answer.error)
        return self.chance.choice(answer.node_names) if answer.node_names else None

    def _with_room(self, resource: str, amount: int) -> list[str]:
        offered = {each["metadata"]["name"]: each["status"]["allocatable"] for each in self.nodes}
        if not amount:
            return list(offered)
        return [name for name, each in offered.items() if int(each.get(resource, 0)) - self._taken[name] >= amount]

    async def _bind(self, pod: Json, name: str) -> None:
        metadata = pod["metadata"]
        if devices_of(pod)[0] == SHARES:
            order = {"PodName": metadata["name"], "PodNamespace": metadata["namespace"], "PodUID": metadata["uid"]}
            async with self.extender.post("/scheduler/bind", json={**order, "Node": name}) as response:
                if error := (await response.json(content_type=None))["Error"]:
                    self.outcomes[error] += 1
            return
        target = {"apiVersion": "v1", "kind": "Node", "name": name}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        await self._send("POST", _path(pod) + "/binding", binding)

    async def _go(self, uid: str) -> None:
        pod = self.standing.pop(uid, None)
        if pod is None:
            return
        if "nodeName" in pod["spec"] and self.chance.random() < _FINISHING:
            await self._send("PATCH", _path(pod) + "/status", {"status": {"phase": "Succeeded"}}, headers=_MERGE)
        await self._send("DELETE", _path(pod), params=_AT_ONCE)
        self._taken[pod["spec"].get("nodeName", "")] -= devices_of(pod)[1]

    async def _replace(self, place: int) -> None:
        """Let a node go with its pods, and another one come."""
        gone = self.nodes[place]["metadata"]["name"]
        self._generations[place] += 1
        fresh = node(place, self._generations[place])
        await self._send("POST", "/api/v1/nodes", fresh)
        self.nodes[place] = fresh
        for uid in [uid for uid, pod in self.standing.items() if pod["spec"].get("nodeName") == gone]:
            await self._go(uid)
        await self._send("DELETE", f"/api/v1/nodes/{gone}")

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **how: Any) -> Json:
        async with self.api.request(method, path, json=body, **how) as response:
            answer: Json = await response.json()
            if response.status >= 400:
                raise RefusedError(f"{method} {path}: {answer}")
            return answer


def _path(pod: Json, name: str | None = None) -> str:
    """Return the path of a pod, or of all pods of its namespace where the name is empty."""
    collection = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    return collection if name == "" else f"{collection}/{pod['metadata']['name']}"

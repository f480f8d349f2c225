"""An API server that answers each path by itself, from objects that a test can change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from cluster.api import Api
from tests.cluster.scripted_server import event, write_kubeconfig

# What every API server knows.
BUILT_IN = [
    *(f"/api/v1/{kind}" for kind in ("nodes", "namespaces", "pods", "resourcequotas", "limitranges")),
    "/api/v1/namespaces/kube-system/configmaps",
]


class World:
    """Objects by path; changes reach the watches that are open."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {path: [] for path in BUILT_IN}
        self.streams: dict[str, asyncio.Queue[bytes]] = {}

    def put(self, path: str, *objects: dict[str, Any]) -> None:
        """Let these exist before anybody asks."""
        self.objects.setdefault(path, []).extend(objects)

    def tell(self, path: str, kind: str, content: dict[str, Any]) -> None:
        """Send an event to who watches the path."""
        self.streams[path].put_nowait(event(kind, content))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a list, a watch, or a request for one object."""
        path = request.path
        if request.query.get("watch"):
            return await self._watch(request)
        if path in self.objects:
            return web.json_response({"metadata": {"resourceVersion": "1"}, "items": self.objects[path]})
        collection, _, name = path.rpartition("/")
        found = [each for each in self.objects.get(collection, []) if each["metadata"]["name"] == name]
        return web.json_response(found[0] if found else {"reason": "NotFound"}, status=200 if found else 404)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        queue = self.streams.setdefault(request.path, asyncio.Queue())
        response = web.StreamResponse()
        await response.prepare(request)
        while line := await queue.get():
            await response.write(line)
        return response

    def close(self) -> None:
        """End all watches."""
        for queue in self.streams.values():
            queue.put_nowait(b"")


@asynccontextmanager
async def serving(world: World, folder: Path) -> AsyncIterator[Api]:
    """Serve a world."""
    application = web.Application()
    application.router.add_get("/{path:.*}", world.answer)
    async with TestServer(application) as server:
        kubeconfig = write_kubeconfig(folder / "kubeconfig", str(server.make_url("")), {})
        async with Api.connect(kubeconfig) as api:
            yield api
        world.close()

"""An API server that knows one cluster and tells news of it when asked to: `python -m bench.state.server NODES PODS`.

It prints its port. POST /news with the number of events makes it tell them to its watches.
"""

import asyncio
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice

from aiohttp import web

from bench.state import objects

_LISTS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "namespaces": "/api/v1/namespaces",
    "classes": "/apis/ome.io/v1beta1/acceleratorclasses",
    "profiles": "/apis/berth.ome.io/v1alpha1/acceleratorprofiles",
}
_LINES_AT_ONCE = 5
_PAUSE_SECONDS = 0.005


class Cluster:
    """The objects by kind, each as bytes, and the watches that are open."""

    def __init__(self, nodes: int, pods: int) -> None:
        self.nodes, self.pods = nodes, pods
        running = (objects.pod(number, objects.home(number, nodes)) for number in range(pods))
        self.items: dict[str, list[bytes]] = {
            "nodes": [objects.written(objects.node(number)) for number in range(nodes)],
            "pods": [objects.written(each) for each in running],
            "namespaces": [objects.written({"metadata": {"name": f"team-{number}"}}) for number in range(20)],
            "classes": [objects.written(each) for each in objects.classes()],
            "profiles": [],
        }
        self.watches: dict[str, web.StreamResponse] = {}

    async def answer(self, kind: str, request: web.Request) -> web.StreamResponse:
        """Answer a list or a watch."""
        return await (self._watch if "watch" in request.query else self._page)(kind, request)

    async def tell(self, request: web.Request) -> web.Response:
        """Tell as many events as the body says, at the pace of a busy cluster."""
        events = islice(self._news(), int(await request.read()))
        while at_once := list(islice(events, _LINES_AT_ONCE)):
            for kind, line in at_once:
                await self.watches[kind].write(line)
            await asyncio.sleep(_PAUSE_SECONDS)
        return web.Response(text="told")

    async def _page(self, kind: str, request: web.Request) -> web.Response:
        begin, items = int(request.query.get("continue", 0)), self.items[kind]
        end = begin + int(request.query["limit"])
        more = str(end) if end < len(items) else ""
        head = b'{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"9000000","continue":"%s"},"items":['
        body = head % more.encode() + b",".join(items[begin:end]) + b"]}\n"
        return web.Response(body=body, content_type="application/json")

    async def _watch(self, kind: str, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.watches[kind] = response
        await asyncio.Event().wait()
        return response

    def _news(self) -> Iterator[tuple[str, bytes]]:
        """Yield events without end: pods come, are bound and go, and nodes tell that they are well."""
        number = self.pods
        while True:
            number += 1
            where = objects.home(number, self.nodes)
            waiting, bound = objects.pod(number, None), objects.pod(number, where)
            yield "pods", _event("ADDED", waiting)
            yield "pods", _event("MODIFIED", bound)
            yield "nodes", _event("MODIFIED", objects.node(number % self.nodes, number))
            yield "pods", _event("DELETED", bound)


def _event(kind: str, content: objects.Json) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), objects.written(content))


async def _serve(cluster: Cluster) -> None:
    app = web.Application()
    for kind, path in _LISTS.items():
        app.router.add_get(path, partial(cluster.answer, kind))
    app.router.add_post("/news", cluster.tell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Cluster(int(sys.argv[1]), int(sys.argv[2]))))

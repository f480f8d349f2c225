"""An API server of memory: it lists what it was given, tells of what it is fed, and accepts every write."""
# ruff: noqa: ARG002 - its methods take what those of the real one take.

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from itertools import islice
from time import perf_counter
from typing import Any

import msgspec

from cluster.api import SILENCE_SECONDS, Api

_NO_QUERY: Mapping[str, str] = {}

# A watch that takes nothing in has failed, and its log says why.
_TAKEN_SECONDS = 30.0

Listing = Callable[[], Iterable[bytes]]


class Feed(Api):
    """Lists per path, made when they are first asked for, and watches that tell of the lines that are fed."""

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        self._listings = listings
        self._pages: dict[str, Iterable[bytes]] = {}
        self._lines: dict[str, asyncio.Queue[bytes]] = {}
        self.writes = 0

    async def get(self, path: str, query: Mapping[str, str] = _NO_QUERY) -> bytes:
        """Return a page; every path is listed once."""
        if "continue" not in query:
            self._pages[path] = iter(self._listings.get(path, tuple)())
        items = list(islice(self._pages[path], int(query.get("limit", 500))))
        more = b"more" if items else b""
        return b'{"metadata":{"resourceVersion":"1","continue":"%s"},"items":[%s]}' % (more, b",".join(items))

    async def stream(
        self, path: str, query: Mapping[str, str], silence_seconds: float = SILENCE_SECONDS
    ) -> AsyncGenerator[bytes, None]:
        """Yield what is fed, for ever."""
        queue = self._lines.setdefault(path, asyncio.Queue())
        while True:
            yield await queue.get()
            queue.task_done()

    async def feed(self, lines: Mapping[str, list[bytes]]) -> float:
        """Tell of the lines of each path, and return the seconds until all were taken in; raises TimeoutError."""
        began = perf_counter()
        queues = [self._fed(path, each) for path, each in lines.items()]
        async with asyncio.timeout(_TAKEN_SECONDS):
            for queue in queues:
                await queue.join()
        return perf_counter() - began

    async def create(self, path: str, body: Any) -> bytes:
        """Accept an object."""
        return self._accepted()

    async def replace(self, path: str, body: Any) -> bytes:
        """Accept an object."""
        return self._accepted()

    async def patch(self, path: str, body: Any, kind: Any, query: Mapping[str, str] = _NO_QUERY) -> bytes:
        """Accept a patch."""
        return self._accepted()

    def _fed(self, path: str, lines: Iterable[bytes]) -> asyncio.Queue[bytes]:
        queue = self._lines.setdefault(path, asyncio.Queue())
        for line in lines:
            queue.put_nowait(line)
        return queue

    def _accepted(self) -> bytes:
        self.writes += 1
        return msgspec.json.encode({"metadata": {"resourceVersion": "1"}})

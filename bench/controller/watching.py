"""Lists and watches of the API server, told to the truth."""

import json
from typing import Protocol

import aiohttp
import msgspec

from bench.controller.objects import Json

CLASSES = "/apis/ome.io/v1beta1/acceleratorclasses"

# A page of a watch is a line; a class with a hundred names is some kilobytes.
_LONGEST_LINE = 2**22


class Seeing(Protocol):
    """Is told of an object that came, changed, or is gone, at a moment."""

    def __call__(self, now: float, seen: Json, /, *, is_gone: bool) -> None:
        """Take it in."""


async def listed(api: aiohttp.ClientSession, path: str) -> tuple[list[Json], str]:
    """Return all objects of a path, and the version at which they were so."""
    async with api.get(path) as response:
        content = msgspec.json.decode(await response.read())
    return content["items"], content["metadata"]["resourceVersion"]


async def watch(api: aiohttp.ClientSession, path: str, version: str, see: Seeing, clock: "Clock") -> None:
    """Tell of everything since a version, for ever; the API server ends a watch now and then."""
    while True:
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with api.get(path, params=query, timeout=timeout, read_bufsize=_LONGEST_LINE) as response:
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"{path}: {event['object']}")
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    see(clock(), event["object"], is_gone=event["type"] == "DELETED")


class Clock(Protocol):
    """Tells the time in seconds."""

    def __call__(self) -> float:
        """Return it."""

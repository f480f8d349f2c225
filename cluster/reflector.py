"""Reflectors: one path of the API, listed and watched into a sink for as long as the program runs.

The protocol is that of "Efficient detection of changes" in the Kubernetes API concepts: a consistent list in pages,
then a watch from its resourceVersion, which bookmarks carry forward; a version too old (410) means a new list.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import Any, Generic, NoReturn, Protocol, TypeVar, runtime_checkable

import msgspec

from cluster.api import SILENCE_SECONDS, Api, ApiError
from cluster.malformed import named
from cluster.observers import SILENT, Observer
from cluster.watch_shapes import EVENT, FAILURE, PAGE, VERSIONED, Event

PAGE_SIZE = 500

# So many objects are taken in before others run: a few milliseconds.
AT_ONCE = 50

T = TypeVar("T")
SeenT_contra = TypeVar("SeenT_contra", contravariant=True)


class Sink(Protocol[SeenT_contra]):
    """Where a reflector puts what it sees; everything may come more than once."""

    def apply(self, seen: SeenT_contra) -> None:
        """Take in an object that is new or has changed."""
        ...

    def remove(self, seen: SeenT_contra) -> None:
        """Drop an object that was deleted."""
        ...

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop everything but these: a full list was applied, and nothing else exists."""
        ...


@runtime_checkable
class ListAware(Protocol):
    """A sink that is told of objects by others too: one that came while a list was read may be younger than it."""

    def begin_list(self) -> None:
        """Note what is known: a list is asked for, which tells of everything that exists by now."""
        ...


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """What a reflector watches: `decode` makes an object of its JSON or raises ValueError, `key` identifies it.

    `decode` is given the events of a watch in a `shape` with metadata, where it names one, because reading them twice
    costs most of what they cost.

    An optional resource may be unknown to the server (its CRD is missing): it is then empty, and asked for again. Where
    it has `other_paths`, those of other versions, the first that the server knows is watched.
    """

    path: str
    decode: Callable[[Any], T]
    key: Callable[[T], str]
    field_selector: str = ""
    label_selector: str = ""
    shape: Any = msgspec.Raw
    is_optional: bool = False
    other_paths: tuple[str, ...] = ()

    @property
    def selectors(self) -> dict[str, str]:
        """Its selectors as query parameters."""
        given = {"fieldSelector": self.field_selector, "labelSelector": self.label_selector}
        return {name: text for name, text in given.items() if text}


@dataclass(frozen=True, slots=True)
class Pacing:
    """How long a reflector waits and watches, in seconds; `chance` draws from [0, 1), `clock` never goes back.

    The longest pause is how long a program stays blind when the server is there again.
    """

    first_seconds: float = 0.2
    longest_seconds: float = 6.5
    watch_seconds: tuple[float, float] = (300.0, 600.0)
    silence_seconds: float = SILENCE_SECONDS
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def pause_seconds(self, fruitless: int) -> float:
        """Return the pause after so many fruitless attempts: it doubles up to the longest, give or take a half."""
        steady = min(self.longest_seconds, self.first_seconds * 2.0 ** min(fruitless, 32))
        return steady * (0.5 + self.chance())

    def timeout_seconds(self) -> int:
        """Return after how long the server shall end a watch: spread, so that not all watches begin anew at once."""
        least, most = self.watch_seconds
        return round(least + (most - least) * self.chance())


STEADY = Pacing()


class Reflector(Generic[T]):
    """Keeps a sink true to one path of the API: `synced` when all was listed, and `heard_at` last from the server.

    `served_path` is where the server was found to have the resource; empty where it has it nowhere, and before.
    """

    def __init__(
        self,
        api: Api,
        resource: Resource[T],
        sink: Sink[T],
        observer: Observer = SILENT,
        pacing: Pacing = STEADY,
    ) -> None:
        self.synced = asyncio.Event()
        self.heard_at = -inf
        self.served_path = ""
        self._api = api
        self._resource = resource
        self._sink = sink
        self._observer = observer
        self._pacing = pacing
        event: Any = Event
        self._events: msgspec.json.Decoder[Event[Any]] = msgspec.json.Decoder(event[resource.shape])
        # Up to where everything was seen; None asks for a list.
        self._version: str | None = None
        # How many attempts in a row neither brought an event nor lasted.
        self._fruitless = 0
        # Whether the server forgot a version since an attempt last bore fruit.
        self._was_expired = False
        # Whether the server did not know the resource when it was last asked.
        self._is_unknown = False

    async def run(self) -> NoReturn:
        """List and watch for ever; whatever goes wrong is told to the observer and tried again."""
        while True:
            began = self._pacing.clock()
            failure = await self._attempt()
            if self._pacing.clock() - began >= self._pacing.longest_seconds:
                self._fruitless = 0
            pause_seconds = self._pause_seconds(failure)
            if failure:
                self._observer.on_failure(self._resource.path, failure, pause_seconds)
            await self._pacing.sleep(pause_seconds)

    def _pause_seconds(self, failure: Exception | None) -> float:
        """Return how long to wait, and count the attempt.

        The first word that a version is gone (410) needs no pause: it comes from a server that is there again. One that
        says so again and again is asked ever more seldom, like any other.
        """
        is_expired = isinstance(failure, ApiError) and failure.status == HTTPStatus.GONE
        if is_expired and not self._was_expired:
            self._was_expired, self._fruitless = True, 1
            return 0.0
        if not (is_expired or self._fruitless):
            self._was_expired = False
        self._fruitless += 1
        return self._pacing.pause_seconds(self._fruitless - 1)

    async def _attempt(self) -> Exception | None:
        """List where needed and watch until the server ends it; return what went wrong."""
        try:
            if self._version is None:
                self._version = await self._list()
            if self._version is not None:
                await self._watch(self._version)
        except ApiError as error:
            if _is_outdated(error):
                self._version = None
            return error
        except Exception as error:  # noqa: BLE001 - nothing may end a watch; a new list makes good what was missed.
            self._version = None
            return error
        return None

    async def _list(self) -> str | None:
        """Apply everything there is and return its version; None where the server does not know the resource.

        That it still does not know it is no news.
        """
        keys: set[str] = set()
        if isinstance(self._sink, ListAware):
            self._sink.begin_list()
        version = await self._known(keys)
        self._sink.retain(keys)
        if version is not None or not self._is_unknown:
            self._observer.on_listed(self._resource.path, len(keys))
        self._is_unknown = version is None
        self.heard_at = self._pacing.clock()
        self.synced.set()
        return version

    async def _known(self, keys: set[str]) -> str | None:
        """Apply everything from the first path that the server knows, and return its version."""
        for path in (self._resource.path, *self._resource.other_paths):
            try:
                version = await self._pages(path, keys)
            except ApiError as error:
                if not (self._resource.is_optional and error.status == HTTPStatus.NOT_FOUND):
                    raise
            else:
                self.served_path = path
                return version
        self.served_path = ""
        return None

    async def _pages(self, path: str, keys: set[str]) -> str:
        query = {**self._resource.selectors, "limit": str(PAGE_SIZE)}
        while True:
            page = PAGE.decode(await self._api.get(path, query))
            for count, raw in enumerate(page.items or (), 1):
                seen = self._decoded(raw)
                if seen is not None:
                    keys.add(self._resource.key(seen))
                    self._sink.apply(seen)
                if count % AT_ONCE == 0:
                    await asyncio.sleep(0)
            if not page.metadata.continue_:
                return page.metadata.resource_version
            query["continue"] = page.metadata.continue_

    async def _watch(self, version: str) -> None:
        query = {
            **self._resource.selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(self._pacing.timeout_seconds()),
        }
        stream = self._api.stream(self.served_path, query, self._pacing.silence_seconds)
        async with aclosing(stream) as lines:
            async for line in lines:
                self._take(line)
                self._fruitless = 0

    def _take(self, line: bytes) -> None:
        self.heard_at = self._pacing.clock()
        event = self._event(line)
        if event.type == "ERROR":
            self._version = None
            failure = FAILURE.decode(EVENT.decode(line).object)
            raise ApiError(failure.code, failure.reason, failure.message)
        seen = self._decoded(event.object) if event.type in ("ADDED", "MODIFIED", "DELETED") else None
        if seen is not None:
            (self._sink.remove if event.type == "DELETED" else self._sink.apply)(seen)
        found = VERSIONED.decode(event.object) if isinstance(event.object, msgspec.Raw) else event.object
        self._version = found.metadata.resource_version

    def _event(self, line: bytes) -> Event[Any]:
        """Return an event with its object in the resource's shape, or as it is written where it has another."""
        try:
            return self._events.decode(line)
        except ValueError:
            return EVENT.decode(line)

    def _decoded(self, raw: Any) -> T | None:
        try:
            return self._resource.decode(raw)
        except ValueError as error:
            self._observer.on_malformed(self._resource.path, named(raw, error))
            return None


def _is_outdated(error: ApiError) -> bool:
    """Tell whether only a new list helps; a server that is away, busy or failing may still know the version."""
    is_refusal = HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_refusal and error.status != HTTPStatus.TOO_MANY_REQUESTS

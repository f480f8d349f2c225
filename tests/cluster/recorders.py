"""What tests put behind a reflector or a view to see what it does, and how they wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress

from cluster.api import Api
from cluster.custom_objects import CustomObject, decode_custom_object
from cluster.observers import Observer
from cluster.reflector import Pacing, Reflector, Resource
from cluster.view import ClusterView, Kind
from placement.accelerators import Catalog
from placement.pods import Pod

# Pauses that a test hardly notices.
QUICK = Pacing(first_seconds=0.01, longest_seconds=0.02)

PATH = "/apis/example.com/v1/things"
THINGS = Resource(PATH, decode_custom_object, lambda each: each.name)
OPTIONAL = Resource(PATH, decode_custom_object, lambda each: each.name, is_optional=True)


class Shelf(Observer):
    """A sink that keeps versions and JSON by name, and an observer and a clock that keep what they were told."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self.raw: dict[str, bytes] = {}
        self.paths: set[str] = set()
        self.lists: list[int] = []
        self.failures: list[str] = []
        self.announced: list[float] = []
        self.malformed: list[str] = []
        self.pauses: list[float] = []
        self.seconds_per_look = 0.0
        self._now = 0.0

    def apply(self, seen: CustomObject) -> None:
        """Keep an object, unless it is poison."""
        if seen.name == "poison":
            raise RuntimeError("a bug")
        self.versions[seen.name] = seen.resource_version
        self.raw[seen.name] = seen.raw

    def remove(self, seen: CustomObject) -> None:
        """Drop an object."""
        self.versions.pop(seen.name, None)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all but these."""
        self.versions = {name: version for name, version in self.versions.items() if name in keys}

    def on_listed(self, path: str, count: int) -> None:
        """Note a list."""
        self.paths.add(path)
        self.lists.append(count)

    def on_failure(self, path: str, error: Exception, retry_seconds: float) -> None:
        """Note a failure."""
        self.paths.add(path)
        self.failures.append(str(error))
        self.announced.append(retry_seconds)

    def on_malformed(self, path: str, error: ValueError) -> None:
        """Note a skipped object."""
        self.paths.add(path)
        self.malformed.append(str(error))

    def clock(self) -> float:
        """Return the time: it passes only by being looked at."""
        self._now += self.seconds_per_look
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Note a pause and make none."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class Witness(Observer):
    """Keeps what a view tells."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.waiting: list[str] = []
        self.changed: list[str] = []
        self.catalogs: list[set[str]] = []

    def on_bound(self, pod: Pod) -> None:
        """Note a bound pod."""
        self.bound.append(pod.name)

    def on_waiting(self, pod: Pod) -> None:
        """Note a waiting pod."""
        self.waiting.append(pod.name)

    def on_change(self, node: str) -> None:
        """Note a node with news."""
        self.changed.append(node)

    def on_catalog(self, catalog: Catalog) -> None:
        """Note the names of the classes."""
        self.catalogs.append(set(catalog.classes))


@asynccontextmanager
async def watching(
    api: Api, *kinds: Kind, witness: Witness | None = None, pacing: Pacing = QUICK
) -> AsyncIterator[ClusterView]:
    """Run a view, synced, while the block lasts."""
    view = ClusterView(api, kinds, witness or Witness(), pacing)
    task = asyncio.create_task(view.run())
    try:
        async with asyncio.timeout(10):
            await view.until_synced()
        yield view
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(predicate: Callable[[], object], timeout_seconds: float = 5) -> None:
    """Return when it holds."""
    async with asyncio.timeout(timeout_seconds):
        while not predicate():  # noqa: ASYNC110 - there is no event for whatever a test may wait for.
            await asyncio.sleep(0.005)


@asynccontextmanager
async def reflecting(
    api: Api, shelf: Shelf, resource: Resource[CustomObject] = THINGS
) -> AsyncIterator[Reflector[CustomObject]]:
    """Run a reflector while the block lasts, without waiting between its attempts."""
    pacing = Pacing(
        first_seconds=1, longest_seconds=8, silence_seconds=5, chance=lambda: 0.5, clock=shelf.clock, sleep=shelf.sleep
    )
    reflector = Reflector(api, resource, shelf, shelf, pacing)
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

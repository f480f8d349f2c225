"""An inbox: what waits to be looked at off the critical path."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

# So many values are looked at before others run: some milliseconds.
AT_ONCE = 100

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Inbox(Generic[K, V]):
    """Values by key, the newest of each, taken in the order in which keys came; beyond `size` the oldest is lost."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[K, V] = {}
        self._filled = asyncio.Event()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: K, value: V) -> V | None:
        """Leave a value to be taken, and return the one that was lost over it."""
        self._values[key] = value
        self._filled.set()
        return self._oldest() if len(self._values) > self._size else None

    def drop(self, key: K) -> None:
        """Leave it to be taken no longer."""
        self._values.pop(key, None)

    def drain(self) -> list[V]:
        """Return all values that wait, the one that waits longest first."""
        values = list(self._values.values())
        self._values.clear()
        return values

    async def take(self) -> V:
        """Return the value that waits longest, when there is one; who takes many lets others run in between."""
        self._taken += 1
        if self._taken % AT_ONCE == 0:
            await asyncio.sleep(0)
        while not self._values:
            self._filled.clear()
            await self._filled.wait()
        return self._oldest()

    def _oldest(self) -> V:
        return self._values.pop(next(iter(self._values)))

"""What the controller is given from outside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cluster.observers import Observer as WatchObserver
from controller.observers import Pass


class Leadership(Protocol):
    """Whether this replica is the one that works; implemented by controller.leadership.Lease, by values in tests."""

    @property
    def term(self) -> int:
        """How often this replica has become the leader."""
        ...

    async def until_leading(self) -> None:
        """Return once this replica leads."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who leads, what time it is, and who watches."""

    leadership: Leadership
    clock: Callable[[], datetime]
    observer: Callable[[Pass], None]
    watch_observer: WatchObserver


class Alone:
    """The leadership of a replica that has no others beside it."""

    term = 0

    async def until_leading(self) -> None:
        """Return at once."""

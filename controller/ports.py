"""What the controller is given from outside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Protocol

from cluster.api import UNREACHABLE, ApiError
from cluster.observers import Observer as WatchObserver
from controller.observers import Pass


class NotLeadingError(ApiError):
    """A write may not be: another replica may lead by the time it lands."""

    def __init__(self) -> None:
        super().__init__(UNREACHABLE, "NotLeading", "this replica does not hold the lease that lets one replica write")


class Leadership(Protocol):
    """Whether this replica is the one that works; see controller.leading.leadership.Lease."""

    @property
    def term(self) -> int:
        """How often this replica has become the leader."""
        ...

    @property
    def is_leading(self) -> bool:
        """Whether this replica leads at this moment."""
        ...

    @property
    def remaining_seconds(self) -> float:
        """How long surely no other replica will lead; without end where there is none."""
        ...

    async def until_leading(self, after: int = -1) -> None:
        """Return once this replica leads, in a later term than `after`."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who leads, what time it is, and who watches."""

    leadership: Leadership
    clock: Callable[[], datetime]
    observer: Callable[[Pass], None]
    watch_observer: WatchObserver


class Alone:
    """The leadership of a replica that has no others beside it: one term that never ends."""

    term = 0
    is_leading = True
    remaining_seconds = inf

    async def until_leading(self, after: int = -1) -> None:
        """Return at once; there is no later term to wait for."""
        if after >= self.term:
            await asyncio.Event().wait()

"""Events that the controller tells: each once, however often it is found again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from cachetools import LRUCache

from cluster.api import Api, ApiError
from cluster.writers import Event, Reporter, Subject, publish_about

# There is one of it.
REPORTER = Reporter("berth.ome.io/controller", "berth-controller")

# The API server forgets events after an hour; what still holds then is told again.
REPEATED_AFTER = timedelta(hours=1)
MAX_TOLD = 10_000


@dataclass(frozen=True)
class Events:
    """Tells what is found of objects, and remembers what was told."""

    api: Api
    clock: Callable[[], datetime]
    _told: LRUCache[tuple[Subject, Event], datetime] = field(default_factory=lambda: LRUCache(MAX_TOLD))

    async def tell(self, subject: Subject, event: Event) -> bool:
        """Create an event unless the same was told within the hour; return whether it was. Raises ApiError."""
        now = self.clock()
        told_at = self._told.get((subject, event))
        if told_at and now - told_at < REPEATED_AFTER:
            return False
        try:
            await publish_about(self.api, subject, event, REPORTER, now)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
        self._told[subject, event] = now
        return True

"""Events that the controller tells: each once, however often it is found again, and of one object not too many."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from cachetools import LRUCache

from cluster.api import Api, ApiError
from cluster.writers import Event, Reporter, Subject, is_ending, publish_about

# There is one of it.
REPORTER = Reporter("berth.ome.io/controller", "berth-controller")

# The API server forgets events after an hour; what still holds then is told again.
REPEATED_AFTER = timedelta(hours=1)
# A note may have names and counts, which change with the cluster, and each of its versions is an event of its own.
MOST_NOTES = 12
MAX_TOLD = 10_000


@dataclass(frozen=True)
class Events:
    """Tells what is found of objects, and remembers what was told."""

    api: Api
    clock: Callable[[], datetime]
    _told: LRUCache[tuple[Subject, str], dict[str, datetime]] = field(default_factory=lambda: LRUCache(MAX_TOLD))

    async def tell(self, subject: Subject, event: Event) -> bool:
        """Create an event and return whether it was. Raises ApiError.

        It is not where the same was told within the hour, or as many for the same reason as an object gets in one.
        """
        now = self.clock()
        told = self._told.get((subject, event.reason), {})
        recent = {note: at for note, at in told.items() if now - at < REPEATED_AFTER}
        if event.note in recent or len(recent) >= MOST_NOTES:
            return False
        is_told = True
        try:
            await publish_about(self.api, subject, event, REPORTER, now)
        except ApiError as error:
            # In a namespace that ends nobody reads of it any longer, and its end may take for ever.
            is_told = not is_ending(error)
            if is_told and error.status != HTTPStatus.CONFLICT:
                raise
        self._told[subject, event.reason] = {**recent, event.note: now}
        return is_told

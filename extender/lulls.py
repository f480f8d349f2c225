"""Lulls: a burst of pods is scheduled first, and what may wait is written when kube-scheduler pauses."""

import asyncio

# kube-scheduler asks again within that, as long as pods wait in its queue: on a busy machine with 5,000 nodes every
# 50 ms.
QUIET_SECONDS = 0.2

# For so long at most something waits: there may be no lull for hours.
MOST_SECONDS = 5.0


class Lulls:
    """Is told of questions, and lets others wait until there was none for a while."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS, most_seconds: float = MOST_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._most_seconds = most_seconds
        self._until = 0.0

    def asked(self) -> None:
        """Be told of a question."""
        self._until = asyncio.get_running_loop().time() + self._quiet_seconds

    async def come(self) -> None:
        """Return in a lull, or when there was none for long."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._most_seconds
        while (left := min(self._until, latest) - loop.time()) > 0:  # noqa: ASYNC110 - it is known how long, so far.
            await asyncio.sleep(left)

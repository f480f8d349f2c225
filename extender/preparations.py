"""Preparations: what answers to come need is done beforehand, while nobody waits for an answer."""

import asyncio
import logging
from typing import Protocol

_LOG = logging.getLogger("berth.extender")

# What changes so soon after an answer, or a change, is prepared for together with it: a pod that was placed is bound,
# and others leave. kube-scheduler works longer than that between two questions.
TOGETHER_SECONDS = 0.001


class Preparable(Protocol):
    """Who can prepare for answers, as the desk can."""

    def prepare(self) -> bool:
        """Do a little, and tell whether there is nothing more."""
        ...


class Preparations:
    """Does little by little what the desk can prepare, whenever something has changed."""

    def __init__(self, desk: Preparable) -> None:
        self._desk = desk
        self._due = asyncio.Event()

    def wake(self) -> None:
        """Begin soon, or go on."""
        self._due.set()

    async def run(self) -> None:
        """Prepare for ever; questions that come meanwhile are answered in between."""
        while True:
            await self._due.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._due.clear()
            try:
                await self._prepare()
            except Exception:  # noqa: BLE001 - answers do without, and say themselves what is wrong with them.
                _LOG.exception("answers to come were not prepared for")

    async def _prepare(self) -> None:
        is_done = self._desk.prepare()
        while not is_done:
            await asyncio.sleep(0)
            is_done = self._desk.prepare()

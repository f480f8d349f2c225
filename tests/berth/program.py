"""A small program on berth.serving, which tests run in a process of its own: `python program.py MODE`."""

import asyncio
import logging
import sys
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from berth import logs
from berth.metrics_access import self_signed
from berth.serving import FAREWELL_SECONDS, Listener, Program, run, serve

_LOG = logging.getLogger("example")


async def quick(_request: web.Request) -> web.Response:
    """Answer at once."""
    return web.Response(text="answered")


async def slow(_request: web.Request) -> web.Response:
    """Answer after the farewell."""
    _LOG.info("asked")
    await asyncio.sleep(FAREWELL_SECONDS + 1)
    return web.Response(text="answered")


async def rest() -> None:
    """Do nothing for ever, and say when that ends."""
    try:
        await asyncio.Event().wait()
    finally:
        _LOG.info("rested")


async def fail() -> None:
    """Fail as a watch might."""
    await asyncio.sleep(0.2)
    raise ValueError("the watch broke")


async def finish() -> None:
    """Come to an end, which no background task should."""


TASKS = {"failing": fail, "finishing": finish}
PROBLEMS = {"unready": ["no certificate yet", "not synced"]}


async def compose(mode: str) -> None:
    """Run a listener that is slow, beside background tasks."""
    app = web.Application()
    app.router.add_get("/slow", slow)
    app.router.add_route("*", "/quick", quick)
    registry = CollectorRegistry()
    Counter("example_total", "An example.", registry=registry).inc()
    tls = self_signed("localhost", datetime.now(UTC)) if mode == "tls" else None
    listeners = (Listener("slow", app, "127.0.0.1", 0, tls),)
    tasks = {"rest": rest, "watch": TASKS.get(mode, rest)}
    await serve(Program(lambda: PROBLEMS.get(mode, []), registry, "127.0.0.1", 0, listeners, tasks))


if __name__ == "__main__":
    logs.configure("info", sys.stderr)
    sys.exit(run(compose(sys.argv[1])))

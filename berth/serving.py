"""Running a program: its listeners, its background tasks and its health, from the start to an orderly end.

The end comes with SIGTERM or SIGINT, or with the first background task that fails: a program that has lost a part of
itself does not linger. Readiness turns first, and every answer asks its client to leave the connection; then the
listeners stop accepting and requests under way finish, then the background tasks end, and the health listener is the
last to go.
"""

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry

from berth import health
from berth.arrivals import Arrivals
from berth.metrics_access import Access
from cluster.api import NotConfiguredError

# Callers ask with timeouts of a few seconds; kubelet kills after 30 s.
GRACE_SECONDS = 20.0

# A connection that is closed while its client sends loses the request. In this time, clients that ask often are told to
# leave theirs, and the platform hears that the program is not ready.
FAREWELL_SECONDS = 1.0

# Connections that were accepted last have not been read yet when a listener closes.
_ARRIVAL_SECONDS = 0.1

_BACKLOG = 128

# The clients of Kubernetes let a connection idle for 90 s; when the server closes first, a request may fall in between.
KEEP_ALIVE_SECONDS = 180.0

# A missing kubeconfig, a port that is taken: the sentence says it all.
_EXPLAINED = (NotConfiguredError, OSError)

Task = Callable[[], Coroutine[Any, Any, None]]

_LOG = logging.getLogger("berth.serving")


@dataclass(frozen=True, slots=True)
class Listener:
    """An application at an address; port 0 lets the kernel choose, and a log line says which one it chose."""

    name: str
    app: web.Application
    address: str
    port: int
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: listeners, and endless tasks by name; `readiness` returns what speaks against sending requests.

    Where there is an `access`, metrics are read by whom it lets, over TLS; else by everybody.
    """

    readiness: Callable[[], list[str]]
    registry: CollectorRegistry
    metrics_address: str
    metrics_port: int
    listeners: tuple[Listener, ...] = ()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    grace_seconds: float = GRACE_SECONDS
    access: Access | None = None


def run(program: Coroutine[Any, Any, None]) -> int:
    """Run a program to its end and return the exit code: 0, or 1 when something failed, which is logged."""
    try:
        asyncio.run(program)
    except Exception as error:  # noqa: BLE001 - nobody else is left to tell.
        for cause in _causes(error):
            trace = None if isinstance(cause, _EXPLAINED) else cause
            _LOG.critical("ended by a failure: %s", str(cause) or repr(cause), exc_info=trace)
        return 1
    return 0


async def serve(program: Program) -> None:
    """Run a program until a signal ends it; raises ExceptionGroup when a background task fails."""
    stop = _stop_signal()

    def readiness() -> list[str]:
        return ["shutting down"] if stop.is_set() else program.readiness()

    access = program.access
    about = health.create_app(readiness, program.registry, access.readers.admit if access else None)
    tls = access.tls if access else None
    health_listener = Listener("health", about, program.metrics_address, program.metrics_port, tls)
    async with (
        _listening([health_listener], stop, grace_seconds=1),
        _working({**program.tasks, **(access.tasks if access else {})}),
        _listening(program.listeners, stop, program.grace_seconds, FAREWELL_SECONDS if program.listeners else 0),
    ):
        try:
            await stop.wait()
        finally:
            stop.set()
            _LOG.info("shutting down")


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def _listening(
    listeners: Iterable[Listener], stop: asyncio.Event, grace_seconds: float, farewell_seconds: float = 0
) -> AsyncIterator[None]:
    """Accept requests; at the end bid farewell, then accept no more, and let those under way finish in the grace."""
    async with AsyncExitStack() as running:
        for each in listeners:
            each.app.on_response_prepare.append(_parting(stop))
            runner = web.AppRunner(
                each.app, access_log=None, keepalive_timeout=KEEP_ALIVE_SECONDS, shutdown_timeout=grace_seconds
            )
            await runner.setup()
            running.push_async_callback(runner.cleanup)
            await running.enter_async_context(_open(each, runner))
        try:
            yield
        finally:
            await asyncio.sleep(farewell_seconds)


def _parting(stop: asyncio.Event) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what makes an answer the last one of its connection, once the program is to stop."""

    async def part(_request: web.Request, response: web.StreamResponse) -> None:
        if stop.is_set():
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"  # The headers stand already, and force_close adds none then.

    return part


@asynccontextmanager
async def _open(listener: Listener, runner: web.AppRunner) -> AsyncIterator[None]:
    arrivals = Arrivals(listener.name, cast("web.Server", runner.server), listener.tls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(arrivals, listener.address, listener.port, backlog=_BACKLOG)
    _announce(listener, server)
    try:
        yield
    finally:
        server.close()
        await asyncio.sleep(_ARRIVAL_SECONDS)
        arrivals.end()


def _announce(listener: Listener, server: asyncio.Server) -> None:
    for host, port, *_ in (each.getsockname() for each in server.sockets):
        fields = {"listener": listener.name, "address": host, "port": port, "tls": listener.tls is not None}
        _LOG.info("listening", extra=fields)


@asynccontextmanager
async def _working(tasks: Mapping[str, Task]) -> AsyncIterator[None]:
    """Run the tasks; at the end cancel them and wait for them. The first that fails cancels everything."""
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(_endless(name, task), name=name) for name, task in tasks.items()]
        yield
        for each in started:
            each.cancel()


async def _endless(name: str, task: Task) -> None:
    await task()
    raise RuntimeError(f"background task {name} ended by itself")


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    else:
        yield error

"""The servers under measurement: `python -m bench.verbs.server extender|floor NODES whole|shares PORT`.

The extender is the program as it is composed, on an API server of memory. The floor is the same program with the same
events, whose answers to kube-scheduler are fixed: it says `ready` when the cluster is listed and learnt.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from time import process_time

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, disable_created_metrics

from bench.questions import NVIDIA
from bench.verbs import objects
from bench.verbs.feed import Feed, Listing
from bench.verbs.world import World
from berth.serving import Listener, Program, run, serve
from berth.watches import WatchObserver
from cluster.kinds import CLASSES_PATH, NAMESPACES_PATH, RESOURCES, Kind
from extender.app import Surroundings, create_extender
from extender.settings import ExtenderSettings
from extender.wire import MAX_ARGS_BYTES, filter_result, host_priorities, parse
from placement.shares import SHARES

NODES, PODS = RESOURCES[Kind.NODES].path, RESOURCES[Kind.PODS].path
# The query by which the floor knows a pod that fits nowhere; the extender does not look at it.
NOTHING_FITS = "nothing-fits"
PREFIX = "/scheduler"
_LISTED_SECONDS, _SETTLING_SECONDS = 120.0, 0.5
_SCORE = 10
_CAUSE = "berth: node(s) with too few free accelerators"


Handler = Callable[[web.Request], Awaitable[web.Response]]


class Events(msgspec.Struct):
    """Lines of watches to be taken in before the next question."""

    pods: list[msgspec.Raw]
    nodes: list[msgspec.Raw]


class Taken(msgspec.Struct):
    """The seconds that events took, and the cpu seconds of the process before and after."""

    seconds: float
    cpu_before: float
    cpu_after: float


class _Refusal(msgspec.Struct, rename="pascal"):
    """An ExtenderFilterResult of causes alone: the one of the wire is made of verdicts, which a floor has not."""

    nodes: None
    node_names: list[str]
    failed_nodes: dict[str, str]
    failed_and_unresolvable_nodes: dict[str, str]
    error: str


_ENCODER = msgspec.json.Encoder()
_EVENTS = msgspec.json.Decoder(Events)


def main(role: str, size: int, *, in_shares: bool, port: int) -> int:
    """Serve until a signal ends it."""
    logging.basicConfig(level=logging.WARNING)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # as berth.programs does.
    return run(_program(role, World(size, in_shares=in_shares), port))


async def _program(role: str, world: World, port: int) -> None:
    registry = CollectorRegistry()
    feed = Feed(_listings(world))
    del world
    around = Surroundings(feed, registry, WatchObserver(registry), lambda: datetime.now(UTC), "bench")
    extender = create_extender(ExtenderSettings(prefix=PREFIX), around)
    app = extender.app if role == "extender" else floor()
    app.router.add_post("/events", _feeder(feed))
    tasks = {**extender.tasks, "announcement": lambda: _announce(extender.readiness)}
    await serve(Program(extender.readiness, registry, "127.0.0.1", 0, (Listener(role, app, "127.0.0.1", port),), tasks))


def _listings(world: World) -> dict[str, Listing]:
    resource = SHARES if world.in_shares else NVIDIA

    def pods() -> Iterator[bytes]:
        for row, on_node in enumerate(world.pods):
            for pod in on_node.values():
                yield objects.seen(pod, resource, phase="Running", node=world.names[row])
        world.pods.clear()

    return {
        NODES: lambda: (objects.node(world, row) for row in range(world.size)),
        PODS: pods,
        CLASSES_PATH: objects.classes,
        NAMESPACES_PATH: lambda: [objects.namespace()],
    }


def _feeder(feed: Feed) -> Handler:
    """Return what takes in events, and answers with what that took."""

    async def take(request: web.Request) -> web.Response:
        cpu_before = process_time()
        events = _EVENTS.decode(await request.read())
        seconds = await feed.feed({PODS: list(map(bytes, events.pods)), NODES: list(map(bytes, events.nodes))})
        return web.Response(body=msgspec.json.encode(Taken(seconds, cpu_before, process_time())))

    return take


def floor() -> web.Application:
    """Return an application that does only the protocol's JSON, by Berth's own decoder and encoder.

    It answers filter with the first candidate, a pod that fits nowhere with one cause for each name, and prioritize
    with one score.
    """

    async def filtered(request: web.Request) -> web.Response:
        question = parse(await request.read())
        if request.query_string == NOTHING_FITS:
            return _json(_ENCODER.encode(_Refusal(None, [], {}, dict.fromkeys(question.names, _CAUSE), "")))
        return _json(filter_result(question, question.names[:1], ()))

    async def prioritized(request: web.Request) -> web.Response:
        return _json(host_priorities(dict.fromkeys(parse(await request.read()).names, _SCORE)))

    app = web.Application(client_max_size=MAX_ARGS_BYTES)
    app.router.add_post(f"{PREFIX}/filter", filtered)
    app.router.add_post(f"{PREFIX}/prioritize", prioritized)
    return app


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def _announce(readiness: Callable[[], list[str]]) -> None:
    """Say when everything is listed, and let what follows from that be done first."""
    async with asyncio.timeout(_LISTED_SECONDS):
        while readiness():  # noqa: ASYNC110 - the program has no event that tells it
            await asyncio.sleep(0.05)
    await asyncio.sleep(_SETTLING_SECONDS)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), in_shares=sys.argv[3] == "shares", port=int(sys.argv[4])))

"""`python -m bench.controller`: how late the status of classes is right while nodes change for an hour.

Nodes, pods and classes of a real kube-apiserver change at a steady rate, while the controller runs as its manifests
say. What each class should say is counted from the API beside it, by other code, at every change; how late it says so
is measured for each. Afterwards everything is listed, and counted once more.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from time import monotonic

import aiohttp

from bench.controller.changing import NODES, PODS, Changes, Standing
from bench.controller.objects import Json, classes, node
from bench.controller.program import AUDIT_POLICY, Program
from bench.controller.truth import Truth, spread, wrong
from bench.controller.watching import CLASSES, listed, watch
from demo.installation import Installation
from sandbox import ControlPlane
from sandbox.command_lines import UNLIMITED_REQUESTS

TENTHS = 10
MOST_LATE_SECONDS = 2.0
SETTLED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """For how long, how often, on how many nodes in how many pools."""

    minutes: float
    rate: float
    nodes: int
    pools: int
    seed: int


def main() -> int:
    """Print how late status was, what was written, and what it cost; return 1 where status was late or wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.controller", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="for how long nodes change (%(default)s)")
    parser.add_argument("--rate", type=float, default=20, help="changes in a second (%(default)s)")
    parser.add_argument("--nodes", type=int, default=5_000, help="how many nodes there are (%(default)s)")
    parser.add_argument("--pools", type=int, default=24, help="classes beside those of 8 products (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which changes (%(default)s)")
    wanted = Wanted(**vars(parser.parse_args()))
    with ControlPlane(kwok=False, apiserver_flags=UNLIMITED_REQUESTS, audit_policy=AUDIT_POLICY) as plane:
        installation = Installation(plane)
        installation.apply()
        nodes = [node(number, 0, wanted.pools) for number in range(wanted.nodes)]
        plane.add_nodes(nodes)
        for each in classes(wanted.pools):
            plane.api.send("POST", CLASSES, each)
        installation.start_controller()
        return asyncio.run(_run(Program(installation), nodes, wanted))


async def _run(program: Program, nodes: Sequence[Json], wanted: Wanted) -> int:
    plane = program.installation.plane
    connector = aiohttp.TCPConnector(ssl=plane.api.tls, limit=0)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(aiohttp.ClientSession(plane.api.url, connector=connector))
        truth = Truth()
        watches = await _watching(api, truth)
        standing = {each["metadata"]["name"]: Standing(place) for place, each in enumerate(nodes)}
        changes = Changes(api, Random(wanted.seed), wanted.pools, standing)
        await asyncio.sleep(SETTLED_SECONDS)
        is_right = await _measured(program, truth, changes, wanted)
        mistaken = wrong(*[(await listed(api, path))[0] for path in (CLASSES, NODES, PODS)])
        for each in watches:
            each.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
    print(f"classes that are wrong {SETTLED_SECONDS:g} s after the last change: {', '.join(mistaken) or 'none'}")
    return 0 if is_right and not mistaken else 1


async def _watching(api: aiohttp.ClientSession, truth: Truth) -> list[asyncio.Task[None]]:
    """List nodes, pods and classes, and follow what becomes of them."""
    tasks = []
    for path, see in ((NODES, truth.see_node), (PODS, truth.see_pod), (CLASSES, truth.see_class)):
        found, version = await listed(api, path)
        for each in found:
            see(monotonic(), each, is_gone=False)
        tasks.append(asyncio.create_task(watch(api, path, version, see, monotonic)))
    return tasks


async def _measured(program: Program, truth: Truth, changes: Changes, wanted: Wanted) -> bool:
    """Change nodes for the whole time, and print after each tenth what was seen; tell whether status was right."""
    for each in truth.ledgers.values():
        each.lateness.clear()
        each.written_at.clear()
    before, cpu, began = program.audited(), program.cpu_seconds, monotonic()
    told, sizes = program.writes, [program.resident_mib]
    print(f"{len(changes.nodes):,} nodes, {len(truth.ledgers)} classes, {wanted.rate:g} changes a second")
    print("  minute   nodes   classes   median s     p99 s   worst s       MiB", flush=True)
    for tenth in range(TENTHS):
        await changes.run(wanted.minutes * 60 / TENTHS, wanted.rate)
        sizes.append(program.resident_mib)
        median, p99, worst = spread(_lateness(truth), 0.5, 0.99, 1) or [0, 0, 0]
        minute, nodes = (tenth + 1) * wanted.minutes / TENTHS, len(changes.nodes)
        figures = f"{nodes:7,} {len(truth.ledgers):9,} {median:10.2f} {p99:9.2f} {worst:9.2f} {sizes[-1]:9.1f}"
        print(f"{minute:8.1f} {figures}", flush=True)
    await asyncio.sleep(SETTLED_SECONDS)
    seconds = monotonic() - began
    _print_cost(program, seconds, program.cpu_seconds - cpu, sizes)
    _print_writes(program.audited() - before, program.writes - told, truth, seconds)
    print(f"changes: {', '.join(f'{count:,} {kind}' for kind, count in changes.done.most_common())}")
    return _is_right(truth)


def _lateness(truth: Truth) -> list[float]:
    return [each for ledger in truth.ledgers.values() for each in ledger.lateness]


def _is_right(truth: Truth) -> bool:
    lateness = _lateness(truth)
    late = [each for each in lateness if each > MOST_LATE_SECONDS]
    never = sum(bool(each.pending) for each in truth.ledgers.values())
    p99 = spread(lateness, 0.99)
    print(
        f"of {len(lateness):,} times that a class had to say something else, it was later than {MOST_LATE_SECONDS:g} s"
        f" {len(late):,} times; {never} classes never said it"
    )
    return bool(p99) and p99[0] <= MOST_LATE_SECONDS and not never


def _print_cost(program: Program, seconds: float, cpu: float, sizes: Sequence[float]) -> None:
    print(
        f"processor {cpu:.1f} s in {seconds:.0f} s ({cpu / seconds:.0%} of a core); memory {sizes[0]:.1f} MiB before,"
        f" {sizes[1]:.1f} after the first tenth, {program.resident_mib:.1f} at the end"
    )


def _print_writes(audited: Counter[str], said: float, truth: Truth, seconds: float) -> None:
    by_kind = ", ".join(f"{count:,} {what}" for what, count in audited.most_common())
    print(f"writes: {audited.total():,} ({audited.total() / seconds:.1f}/s): {by_kind}; its metrics say {said:,.0f}")
    gaps = [later - sooner for each in truth.ledgers.values() for sooner, later in pairwise(each.written_at)]
    closest = spread(gaps, 0, 0.01)
    print(f"between two writes of one class at least {closest[0]:.2f} s (1 of 100: {closest[1]:.2f} s)" if gaps else "")


if __name__ == "__main__":
    sys.exit(main())

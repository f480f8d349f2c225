"""`python -m bench.churn`: whether the extender's memory stays what it is while pods come and go for an hour.

An hour at 20 pods a second, as fast as this machine can: each pod is created on a real kube-apiserver, asked about,
bound, annotated, and deleted; nodes are replaced on the way. Before the hour as many pods come and go as fill what has
bounds (the journal). Memory after the hour's first tenth is compared with that at its end. Afterwards every pod is
deleted, and nothing may be held or in flight any more.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

import aiohttp

from bench.churn.extender import Extender, start
from bench.churn.objects import NAMESPACES, Draw, Json, accelerator_class, node
from bench.churn.scheduling import Cluster
from bench.questions import PRODUCTS
from sandbox import ControlPlane, TimedOutError
from sandbox.command_lines import UNLIMITED_REQUESTS

AN_HOUR = 72_000
WARM_UP = 24_000
NODES = 1_000
TENTHS = 10
MOST_GROWTH = 0.05

_CRDS = Path(__file__).parents[2] / "manifests" / "base" / "crds"
_CLASSES_PATH = "/apis/ome.io/v1beta1/acceleratorclasses"
_TOLD_CLASSES = 12
_SETTLED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen after so many pods."""

    pods: int
    resident_mib: float
    objects: Counter[str]

    def __str__(self) -> str:
        return f"{self.pods:>9,} {self.resident_mib:9.1f} {self.objects['all']:>11,}"


def main() -> int:
    """Print memory and objects by tenths; return 1 where memory grows or something is held for ever."""
    parser = argparse.ArgumentParser(prog="python -m bench.churn", description=__doc__)
    parser.add_argument("--pods", type=int, default=AN_HOUR, help="how many pods come and go (%(default)s)")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="how many come and go before (%(default)s)")
    parser.add_argument("--nodes", type=int, default=NODES, help="on how many nodes (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which pods (%(default)s)")
    asked = parser.parse_args()
    with ControlPlane(kwok=False, apiserver_flags=UNLIMITED_REQUESTS) as plane:
        nodes = [node(number) for number in range(asked.nodes)]
        _furnish(plane)
        plane.add_nodes(nodes)
        return asyncio.run(_run(plane, nodes, Draw(Random(asked.seed)), (asked.warm_up, asked.pods)))


def _furnish(plane: ControlPlane) -> None:
    for crd in sorted(_CRDS.glob("accelerator-*.yaml")):
        plane.apply(crd)
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    for product in PRODUCTS:
        plane.api.send("POST", _CLASSES_PATH, accelerator_class(product))
    for name in NAMESPACES:
        plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


async def _run(plane: ControlPlane, nodes: list[Json], draw: Draw, counts: tuple[int, int]) -> int:
    extender = start(plane)
    connector = aiohttp.TCPConnector(ssl=plane.api.tls, limit=0)
    async with (
        aiohttp.ClientSession(plane.api.url, connector=connector) as api,
        aiohttp.ClientSession(extender.url) as asking,
    ):
        cluster = Cluster(api, asking, nodes, draw.chance)
        samples = await _churned(extender, cluster, draw, counts)
        await cluster.clear()
    return 0 if all([_is_empty(plane, extender), _is_flat(samples)]) else 1


async def _churned(extender: Extender, cluster: Cluster, draw: Draw, counts: tuple[int, int]) -> list[Sample]:
    """Return what was seen before the hour and after each tenth of it."""
    warm_up, count = counts
    print(f"     pods       MiB     objects  pods/s  ({len(cluster.nodes):,} nodes)", flush=True)
    samples = []
    for number in (warm_up, *[count // TENTHS] * TENTHS):
        began = perf_counter()
        await cluster.churn(draw, number)
        samples.append(Sample(draw.count, extender.resident_mib, extender.census()))
        print(f"{samples[-1]} {number / (perf_counter() - began):7.0f}", flush=True)
    print(", ".join(f"{number:,} {outcome}" for outcome, number in cluster.outcomes.most_common()), flush=True)
    return samples


def _is_flat(samples: Sequence[Sample]) -> bool:
    first, last = samples[1], samples[-1]
    grown = Counter({name: count - first.objects[name] for name, count in last.objects.items()})
    told = ", ".join(f"{name} {count:+,}" for name, count in grown.most_common(_TOLD_CLASSES) if count > 0)
    print(f"objects more than after the hour's first tenth: {told or 'none'}")
    growth = last.resident_mib / first.resident_mib - 1
    verdict = "flat" if growth < MOST_GROWTH else "not flat"
    print(f"memory after the hour's first tenth {growth:+.1%} (less than {MOST_GROWTH:.0%}): {verdict}", flush=True)
    return growth < MOST_GROWTH


def _is_empty(plane: ControlPlane, extender: Extender) -> bool:
    """Tell whether nothing is held once every pod is gone; the last events may be under way for a moment."""

    def held() -> dict[str, float]:
        allocated = {name: each["allocated"] for name, each in extender.inventory().items()}
        found = {**allocated, "in flight": extender.in_flight()}
        return {name: count for name, count in found.items() if count}

    try:
        plane.wait(lambda: not held(), _SETTLED_SECONDS, "nothing is held")
    except TimedOutError:
        print(f"every pod is gone, yet there is {held()}", flush=True)
        return False
    print("every pod is gone: nothing is held, nothing is in flight", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

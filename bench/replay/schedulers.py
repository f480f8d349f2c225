"""The schedulers that play: a stock kube-scheduler alone, packing, and with Berth's extender."""

import os
import sys
from dataclasses import dataclass
from typing import Any

from bench.ports import free_port, is_ready
from bench.replay.objects import SCHEDULER
from placement.shares import SHARES
from sandbox import Component, ControlPlane

Json = dict[str, Any]

_ALL = 100


def configuration(url: str = "", *, packs: bool = False) -> Json:
    """Return a configuration: with Berth's extender where its URL is given, packing (MostAllocated) or as it comes.

    CPU-only pods are asked about too: by the entry that lists no resources.
    """
    profile: Json = {"schedulerName": SCHEDULER}
    if packs:
        resources = [{"name": SHARES, "weight": 5}, {"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
        strategy = {"type": "MostAllocated", "resources": resources}
        profile["pluginConfig"] = [{"name": "NodeResourcesFit", "args": {"scoringStrategy": strategy}}]
    if url:
        profile["percentageOfNodesToScore"] = _ALL
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"qps": 1000, "burst": 2000},
        "profiles": [profile],
        "extenders": _extenders(url) if url else [],
    }


def _extenders(url: str) -> list[Json]:
    common = {"urlPrefix": url, "filterVerb": "filter", "nodeCacheCapable": True, "httpTimeout": "5s"}
    shares = {**common, "bindVerb": "bind", "managedResources": [{"name": SHARES}]}
    return [common, shares]


@dataclass(frozen=True, slots=True)
class Extender:
    """A running extender, and where kube-scheduler asks it."""

    url: str
    component: Component


def start_extender(plane: ControlPlane, *more: str) -> Extender:
    """Start `berth extender`, with these flags too, beside a control plane, and return it when it is ready."""
    port, health = free_port(), free_port()
    flags = [f"--port={port}", f"--metrics-port={health}", "--metrics-address=127.0.0.1", "--log-level=warning"]
    flags += more
    component = plane.start(
        "extender",
        [sys.executable, "-c", "import sys; from berth.cli import main; sys.exit(main())", "extender", *flags],
        {"KUBECONFIG": str(plane.kubeconfig), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    plane.wait(lambda: is_ready(health), 60, "the extender is ready")
    return Extender(f"http://127.0.0.1:{port}/scheduler", component)

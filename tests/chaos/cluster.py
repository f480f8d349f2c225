"""A real cluster whose extender reaches the API server through a faulty proxy."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox import ControlPlane
from sandbox.faults import FaultyProxy
from tests.chaos.auditor import GPU, MILLI, Audit, Json
from tests.extender.scheduling import PODS, SCHEDULER, ExtenderProgram, define, gpu_pod, scheduler_configuration

# Pods that ask for several whole devices come early or not at all, when most nodes are started.
WHOLE = (1, 1, 1, 1, 2)
SHARES = (100, 150, 200, 250, 300, 400, 500)


@dataclass
class Battlefield:
    """The control plane, the proxy before it, and the extender, which kube-scheduler asks by both entries."""

    plane: ControlPlane
    proxy: FaultyProxy
    extender: ExtenderProgram

    def audit(self) -> Audit:
        """Read all objects."""
        return Audit.of(self.plane.api)

    def create(self, pod: Json) -> None:
        """Create a pod."""
        self.plane.api.send("POST", PODS, pod)

    def kill_extender(self) -> None:
        """End the extender as a crash would."""
        self.extender.component.kill()

    @property
    def inventory_url(self) -> str:
        """Where the extender tells its account."""
        return self.extender.url.removesuffix("/scheduler") + "/v1/inventory"


@contextmanager
def battlefield(whole: int, shared: int, *, kwok: bool = False) -> Iterator[Battlefield]:
    """Start all of it, with so many nodes of eight whole devices, and of four devices in shares."""
    with ControlPlane(kwok=kwok) as plane, FaultyProxy(plane.api) as proxy:
        plane.add_nodes([node(f"whole-{index}", {GPU: "8"}) for index in range(whole)])
        plane.add_nodes([node(f"shared-{index}", {MILLI: "4000"}) for index in range(shared)])
        define(plane)
        extender = ExtenderProgram(plane, proxy.kubeconfig(plane.folder / "faulty.kubeconfig"))
        plane.start_scheduler(configuration(extender.url))
        yield Battlefield(plane, proxy, extender)


def configuration(url: str) -> Json:
    """Return the scheduler's configuration, with both entries as they are shipped."""
    content = scheduler_configuration(url)
    (whole,) = content["extenders"]
    whole["httpTimeout"] = "500ms"
    managed = [{"name": MILLI}]
    shares = {**whole, "bindVerb": "bind", "httpTimeout": "2s", "ignorable": False, "managedResources": managed}
    return {**content, "extenders": [whole, shares], "clientConnection": {"qps": 200, "burst": 400}}


def node(name: str, devices: Json) -> Json:
    """Return a node."""
    capacity = {"cpu": "64", "memory": "512Gi", "pods": "110", **devices}
    status = {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def share_pod(name: str, milli: int, **spec: Any) -> Json:
    """Return a pod that asks for a share."""
    pod = gpu_pod(name, milli, MILLI, **spec)
    pod["spec"]["containers"][0]["resources"]["limits"] |= {"cpu": "100m", "memory": "64Mi"}
    return pod


def mixed_pod(index: int, chance: random.Random) -> Json:
    """Return one of many pods: every third asks for a share."""
    name = f"pod-{index}"
    if index % 3 == 0:
        return share_pod(name, chance.choice(SHARES))
    pod = gpu_pod(name, chance.choice(WHOLE))
    pod["spec"]["containers"][0]["resources"]["limits"] |= {"cpu": "100m", "memory": "64Mi"}
    return pod


__all__ = ["SCHEDULER", "Battlefield", "battlefield", "mixed_pod", "share_pod"]

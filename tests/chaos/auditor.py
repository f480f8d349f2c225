"""An auditor: who holds what, read from the API server's objects alone, by rules of its own."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from sandbox import ApiError, Endpoint

Json = dict[str, Any]

GPU = "nvidia.com/gpu"
MILLI = "berth.ome.io/gpu-milli"
DEVICES = "berth.ome.io/devices"

# What a call meets whose server is killed, restarted, or waits for a store that stands still.
UNANSWERED = (OSError, HTTPException, ApiError)


@dataclass(frozen=True)
class Audit:
    """All nodes and pods at one moment."""

    nodes: Mapping[str, Json]
    pods: tuple[Json, ...]

    @classmethod
    def of(cls, api: Endpoint) -> "Audit":
        """Read them; raises as the endpoint does."""
        nodes = {each["metadata"]["name"]: each for each in api.get("/api/v1/nodes")["items"]}
        return cls(nodes, tuple(api.get("/api/v1/namespaces/default/pods")["items"]))

    @property
    def waiting(self) -> list[str]:
        """The pods without a node."""
        return [each["metadata"]["name"] for each in self.pods if not each["spec"].get("nodeName")]

    @property
    def holding(self) -> Iterator[Json]:
        """The pods that hold something of a node."""
        for pod in self.pods:
            if pod["spec"].get("nodeName") and pod["status"].get("phase") not in ("Succeeded", "Failed"):
                yield pod

    def held(self, resource: str) -> Counter[str]:
        """Return what pods hold of each node."""
        held: Counter[str] = Counter()
        for pod in self.holding:
            held[pod["spec"]["nodeName"]] += asked(pod, resource)
        return +held

    def of_devices(self) -> Counter[tuple[str, int]]:
        """Return what pods have of each device, in thousandths, as their annotations say."""
        taken: Counter[tuple[str, int]] = Counter()
        for pod in self.holding:
            amount = asked(pod, MILLI)
            for device in _devices(pod) if amount else ():
                taken[pod["spec"]["nodeName"], device] += min(amount, 1000)
        return taken

    def troubles(self) -> list[str]:
        """Return what is held twice, and by whom."""
        offered = {name: node["status"]["allocatable"] for name, node in self.nodes.items()}
        found = [
            f"{name}: {amount} {resource} of {offered[name].get(resource, 0)}"
            for resource in (GPU, MILLI)
            for name, amount in self.held(resource).items()
            if amount > count(offered[name].get(resource, "0"))
        ]
        for (name, device), amount in self.of_devices().items():
            if amount > 1000 or device >= count(offered[name][MILLI]) // 1000:
                found.append(f"{name}: {amount} of device {device}: {list(self._of(name, device))}")
        return [*found, *self._miscounted()]

    def _of(self, node: str, device: int) -> Iterator[str]:
        for pod in self.holding:
            if pod["spec"]["nodeName"] == node and asked(pod, MILLI) and device in _devices(pod):
                yield pod["metadata"]["name"]

    def _miscounted(self) -> Iterable[str]:
        for pod in self.holding:
            amount, devices = asked(pod, MILLI), _devices(pod)
            if amount and len(set(devices)) != max(amount // 1000, 1):
                yield f"{pod['metadata']['name']}: {amount} of devices {devices}"


def asked(pod: Json, resource: str) -> int:
    """Return how much a pod asks for."""
    return sum(count(each["resources"].get("requests", {}).get(resource, "0")) for each in pod["spec"]["containers"])


def count(quantity: str) -> int:
    """Return a number of units as the API server writes it: it shortens thousands."""
    return int(quantity.removesuffix("k")) * (1000 if quantity.endswith("k") else 1)


def differences(audit: Audit, inventory_url: str) -> list[str]:
    """Return in what the extender's own account of nodes differs from the audit, flights too."""
    nodes = {each["name"]: each["resources"] for each in _inventory(inventory_url)}
    found = [f"{name} is not known" for name in audit.nodes if name not in nodes]
    for resource in (GPU, MILLI):
        held = audit.held(resource)
        for name, amounts in ((name, each[resource]) for name, each in nodes.items() if resource in each):
            if (amounts["held"], amounts["inFlight"]) != (held[name], 0):
                found.append(f"{name}: {amounts} of {resource}, but {held[name]} are held")
    taken = audit.of_devices()
    for name, each in nodes.items():
        for device, free in enumerate(each.get(MILLI, {}).get("freeByDevice", ())):
            if free != 1000 - taken[name, device]:
                found.append(f"{name}: {free} free of device {device}, but {taken[name, device]} are taken")
    return found


def _inventory(url: str) -> Iterator[Json]:
    """Yield the nodes of all pages."""
    after: str | None = ""
    while after is not None:
        with urlopen(f"{url}?limit=1000&continue={after}") as answer:
            page = json.load(answer)
        yield from page["nodes"]
        after = page.get("continue")


def _devices(pod: Json) -> list[int]:
    text = pod["metadata"].get("annotations", {}).get(DEVICES, "")
    return [int(each) for each in text.split(",") if each]

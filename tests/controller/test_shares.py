"""The controller and nodes that offer shares, on a real API server."""

import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from cluster.api import Api
from placement.keys import SHARED
from placement.shares import SHARES
from sandbox import ControlPlane
from tests.controller.test_controller import at_work, settings, until

NUMBERS = count()
GPU = "nvidia.com/gpu"

Json = dict[str, Any]


class Node:
    """A node of the control plane."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane = plane
        self.name = name

    def label(self, text: str | None) -> None:
        """Give it a label, or take it away."""
        self.plane.kubectl("label", "--overwrite", "node", self.name, f"{SHARED}={text}" if text else f"{SHARED}-")

    def set_status(self, **amounts: Json) -> None:
        """Change its capacity or what is allocatable, as kubelet does."""
        patch = json.dumps({"status": amounts})
        self.plane.kubectl("patch", "node", self.name, "--subresource=status", "--type=merge", f"--patch={patch}")

    @property
    def content(self) -> Json:
        """It as the API server has it."""
        return self.plane.get_json("node", self.name)

    @property
    def offered(self) -> tuple[str | None, str | None]:
        """What it offers in shares: capacity and allocatable."""
        status = self.content["status"]
        return status["capacity"].get(SHARES), status["allocatable"].get(SHARES)

    def notes(self) -> list[str]:
        """The events about it."""
        path = f"/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name={self.name}"
        return [each["note"] for each in self.plane.api.get(path)["items"]]

    def hold(self, resource: str, amount: str) -> str:
        """Bind a pod to it that asks for so much, and return its name."""
        name = f"holder-{next(NUMBERS)}"
        container = {"name": "c", "image": "i", "resources": {"limits": {resource: amount}}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        spec = {"nodeName": self.name, "containers": [container]}
        self.plane.api.send("POST", "/api/v1/namespaces/default/pods", {**pod, "spec": spec})
        return name

    def delete(self, pod: str) -> None:
        """Delete a pod at once."""
        self.plane.api.send("DELETE", f"/api/v1/namespaces/default/pods/{pod}", {"gracePeriodSeconds": 0})


@pytest.fixture
def node(control_plane: ControlPlane) -> Iterator[Node]:
    """A node of eight GPUs whose device plugin has ended."""
    name = f"sharing-{next(NUMBERS)}"
    status = {"capacity": {"cpu": "8", GPU: "8"}, "allocatable": {"cpu": "8", GPU: "0"}}
    control_plane.add_nodes([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}])
    yield Node(control_plane, name)
    control_plane.kubectl("delete", "node", name)


async def _until(node: Node, claim: Callable[[], bool]) -> None:
    await until(node.plane, claim)


async def test_a_label_lets_a_node_offer_shares_and_takes_them_away(api: Api, node: Node) -> None:
    """Once each; nothing else of its status changes, and nothing is written while nothing changes."""
    registry = CollectorRegistry()
    before = node.content["status"]

    def written() -> float:
        return registry.get_sample_value("berth_controller_changes_total", {"duty": "shares"}) or 0

    async with at_work(api, settings(), registry):
        node.label("true")
        await _until(node, lambda: node.offered == ("8k", "8k"))
        node.label("4")
        await _until(node, lambda: node.offered == ("4k", "4k"))
        version = node.content["metadata"]["resourceVersion"]
        await asyncio.sleep(0.5)
        assert node.content["metadata"]["resourceVersion"] == version
        assert written() == 2

        node.label(None)
        await _until(node, lambda: node.offered == (None, None))
        assert written() == 3
    assert node.content["status"]["capacity"] == before["capacity"]
    assert node.content["status"]["allocatable"] == before["allocatable"]
    assert node.notes() == []


async def test_what_kubelet_forgot_is_written_again(api: Api, node: Node) -> None:
    """It sets to zero what it does not know when it starts."""
    async with at_work(api, settings()):
        node.label("2")
        await _until(node, lambda: node.offered == ("2k", "2k"))
        node.set_status(capacity={SHARES: "0"}, allocatable={SHARES: "0"})
        await _until(node, lambda: node.offered == ("2k", "2k"))


async def test_shares_that_pods_hold_are_not_taken_away(api: Api, node: Node) -> None:
    """Until they are gone; one event says who they are."""
    async with at_work(api, settings()):
        node.label("2")
        await _until(node, lambda: node.offered == ("2k", "2k"))
        holder = node.hold(SHARES, "300")
        node.label(None)
        await _until(node, lambda: len(node.notes()) == 1)
        assert node.offered == ("2k", "2k")
        assert node.notes()[0].startswith(f"label {SHARED}: pods hold shares there: default/{holder}; the node offers")

        node.delete(holder)
        await _until(node, lambda: node.offered == (None, None))
        assert len(node.notes()) == 1


async def test_a_node_that_gives_whole_devices_is_refused_until_it_does_not(api: Api, node: Node) -> None:
    """Neither while its device plugin offers them, nor while pods hold some."""
    node.set_status(allocatable={GPU: "8"})
    holder = node.hold(GPU, "1")
    async with at_work(api, settings()):
        node.label("true")
        await _until(node, lambda: len(node.notes()) == 1)
        assert "as a whole: end the device plugin there" in node.notes()[0]
        assert node.offered == (None, None)

        node.set_status(allocatable={GPU: "0"})
        await _until(node, lambda: len(node.notes()) == 2)
        assert any(f"pods hold whole devices there: default/{holder}" in each for each in node.notes())

        node.delete(holder)
        await _until(node, lambda: node.offered == ("8k", "8k"))

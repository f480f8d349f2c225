"""What the tests of shares have in common: nodes and pods in values, a binder, and what it sends."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from cluster.api import Api
from extender.binding import Binder
from extender.wire_binding import Order
from placement.inventory import NodeInventory
from placement.keys import DEVICES
from placement.pods import Container, Pod
from placement.shares import SHARES, left_by_device
from tests.cluster.scripted_server import Answer, ScriptedServer, body
from tests.extender.known import KnownCluster, desk_of

Json = dict[str, Any]

CREATED = body({"kind": "Status", "status": "Success"}, 201)


def shared_node(name: str, devices: int = 2) -> NodeInventory:
    """Return a node that offers its devices in shares."""
    return NodeInventory(name, allocatable={"cpu": 64_000, "pods": 110, SHARES: 1000 * devices})


def share_pod(uid: str, amount: int, node: str = "", devices: str | None = None) -> Pod:
    """Return a pod that asks for shares; a bound one may say of which devices."""
    annotations = {} if devices is None else {DEVICES: devices}
    container = Container("engine", limits={SHARES: str(amount)})
    return Pod("ml", f"pod-{uid}", uid, annotations=annotations, containers=(container,), node=node)


def pod_object(uid: str, amount: int, node: str = "", devices: str = "") -> Json:
    """Return such a pod as the API server has it."""
    metadata: Json = {"namespace": "ml", "name": f"pod-{uid}", "uid": uid}
    if devices:
        metadata["annotations"] = {DEVICES: devices}
    containers = [{"name": "engine", "resources": {"limits": {SHARES: str(amount)}}}]
    return {"metadata": metadata, "spec": {"nodeName": node, "containers": containers}}


def order(uid: str, node: str) -> Order:
    """Return kube-scheduler's order to bind a pod."""
    return Order(Pod("ml", f"pod-{uid}", uid), node)


def binder_of(api: Api, cluster: KnownCluster, **seconds: float) -> Binder:
    """Return a binder that tries again at once."""
    patience: Any = {"answer_seconds": 5.0, **seconds}
    return Binder(api, cluster, desk_of(cluster).flights, _no_reasons, retry_seconds=(0.01,), **patience)


def _no_reasons(_pod: Pod, _node: str) -> Mapping[str, str]:
    return {}


def bindings(server: ScriptedServer) -> list[Json]:
    """Return the Bindings that the server was sent."""
    sent = zip(server.requests, server.bodies, strict=True)
    return [json.loads(each) for request, each in sent if request.path.endswith("/binding")]


def lost() -> Answer:
    """Take a request, and lose the connection before anything is answered."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def left(cluster: KnownCluster, node: str = "n") -> tuple[int, ...]:
    """Return what is left of a node's devices."""
    return left_by_device(cluster.inventory.nodes[node])

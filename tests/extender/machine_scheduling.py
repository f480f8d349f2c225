"""A scheduler on the model: what it asks and orders, and what the rules of a state machine are made of."""

import asyncio
import json
from typing import Any, NamedTuple

from cluster.api import UNREACHABLE, ApiError
from extender.binding import Bound
from placement.shares import SHARES
from tests.extender.machine import NODES, PODS, Fate, ModelServer
from tests.extender.machine_clock import UnhurriedLoop
from tests.extender.machine_extender import LivingExtender
from tests.extender.machine_objects import amount_of, is_finished, node_object, pod_object

GPU = "nvidia.com/gpu"
NAMES = "abcdefgh"
PLACES = {"shared-0": (1, 0), "shared-1": (2, 0), "whole-0": (0, 2)}
# Shares that fill devices in many ways, whole devices by the same name, whole ones of a device plugin, and none.
AMOUNTS = [{SHARES: each} for each in (400, 600, 600, 700, 1000, 1000, 2000)] + [{GPU: 1}, {GPU: 2}, {"cpu": 1}]
FATES = [*Fate, Fate.DONE, Fate.DONE, Fate.LATE, Fate.LATE]
SECONDS = (0.0, 0.01, 0.03, 0.2, 1.0, 3.0, 20.0, 70.0)
OTHER_ORDER = "berth: the pod is being bound to another node"
LOST = ApiError(UNREACHABLE, "Unreachable", "cut")


class Turn(NamedTuple):
    """What happens beside most rules: a pod is scheduled, Bindings are answered, some is told."""

    which: int | None
    fates: tuple[Fate, ...]
    told: int


class Scheduling:
    """A cluster of a few nodes, its server, and the extender."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = UnhurriedLoop()
        self.server = ModelServer(self.loop)
        self.serial = 0
        for name in PLACES:
            self.new_node(name)
        self.extender = LivingExtender(self.server)
        self.wait(0.3)

    def assert_no_device_is_promised_twice(self) -> None:
        """Of what Berth has bound, no device has more than it is."""
        assert all(amount <= 1000 for amount in self.server.taken().values())

    def play(self, turn: Turn) -> None:
        """Ask about a pod, have it bound where it may, carry Bindings out, and tell some of it."""
        if self.waiting and turn.which is not None:
            name = self.name(turn.which, self.waiting)
            for node in self.passed(name):
                self.bind(name, node)
        for fate in turn.fates[: len(self.server.calls)]:
            self.server.answer(self.server.calls[0], fate)
        for path in (NODES, PODS):
            self.server.tell(path, turn.told)
        self.wait(0.01)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(_pass(seconds))
        self.hear()

    def new_pod(self, name: str, amounts: dict[str, int]) -> None:
        """Create a pod, unless there is one of the name."""
        if name not in self.server.pods:
            self.serial += 1
            self.server.put(PODS, name, pod_object(name, f"u{self.serial}", amounts))

    @property
    def waiting(self) -> list[str]:
        """The pods without a node."""
        return [
            name for name, each in self.server.pods.items() if not (each["spec"].get("nodeName") or is_finished(each))
        ]

    def name(self, which: int, names: list[str] | None = None) -> str:
        """Choose a pod."""
        among = names or list(self.server.pods)
        return among[which % len(among)]

    def pod(self, name: str) -> dict[str, Any]:
        """Return a pod."""
        return self.server.pods[name]

    def new_node(self, name: str) -> None:
        """Create a node."""
        self.serial += 1
        self.server.put(NODES, name, node_object(name, f"n{self.serial}", *PLACES[name]))

    def args(self, name: str) -> bytes:
        """Return the arguments of a question about the nodes that kube-scheduler finds feasible: their sums suffice."""
        wanted = self.pod(name)["spec"]["containers"][0]["resources"]["limits"]
        names = [node for node in self.server.objects[NODES] if all(self.fits(node, *each) for each in wanted.items())]
        return json.dumps({"Pod": self.pod(name), "Nodes": None, "NodeNames": names}).encode()

    def fits(self, node: str, resource: str, amount: str) -> bool:
        """Tell whether a node has enough in all, as NodeResourcesFit does."""
        held = (
            amount_of(pod, resource)
            for pod in self.server.pods.values()
            if pod["spec"].get("nodeName") == node and not is_finished(pod)
        )
        offered = int(self.server.objects[NODES][node]["status"]["allocatable"].get(resource, 0))
        return offered - sum(held) >= int(amount)

    def passed(self, name: str) -> list[str]:
        """Ask, and return the nodes that pass, which were all asked about."""
        body = self.args(name)
        answer = json.loads(self.extender.desk.filter(body).body)
        if not self.extender.view.is_synced:
            assert answer["Error"]
            return []
        assert answer["Error"] == ""
        assert set(answer["NodeNames"]) <= set(json.loads(body)["NodeNames"])
        return list(answer["NodeNames"])

    def bind(self, name: str, node: str) -> None:
        """Order a Binding of the extender; a pod without shares is bound by kube-scheduler itself, where it fits."""
        pod = self.pod(name)
        if amount_of(pod):
            self.extender.order(name, pod["metadata"]["uid"], node)
            self.wait(0.0)
        elif (
            name in self.waiting
            and node in self.server.objects[NODES]
            and self.fits(node, GPU, str(amount_of(pod, GPU)))
        ):
            self.server.place(name, node, {})

    def hear(self) -> None:
        """What the extender says of its orders is true."""
        for order, (bound, error) in self.extender.heard():
            uid = order.pod.uid
            pod = self.server.pods.get(order.pod.name)
            is_there = pod is not None and pod["metadata"]["uid"] == uid
            if bound is Bound.BOUND and pod and is_there:
                assert pod["spec"]["nodeName"] == order.node
            if bound in (Bound.REFUSED, Bound.LOST_RACE) and error != OTHER_ORDER:
                assert self.server.bound_by_berth.get(uid) != order.node or not is_there

    def settle(self) -> None:
        """Be well for long enough: then the account equals a fresh list, and no flight is left."""
        for _ in range(40):
            for call in tuple(self.server.calls):
                self.server.answer(call, Fate.DONE)
            for path in (NODES, PODS):
                self.server.tell(path, len(self.server.changes))
            self.wait(3.0)
        self.wait(1000.0)
        assert len(self.extender.flights) == 0
        self.extender.assert_equals_a_fresh_list()
        self.assert_no_device_is_promised_twice()


async def _pass(seconds: float) -> None:
    await asyncio.sleep(seconds)
    for _ in range(10):
        await asyncio.sleep(0)

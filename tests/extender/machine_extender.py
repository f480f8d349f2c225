"""The extender on a model of the cluster: its real parts, whatever dies with it, and the orders that it was given."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.account import Account
from cluster.kinds import Kind
from cluster.objects import decode_node, decode_pod
from cluster.reflector import Pacing
from cluster.view import ClusterView
from extender.binding import Binder, Result
from extender.desk import Desk
from extender.flights import FlightLog
from extender.wire_binding import Order
from placement.pods import Pod
from tests.extender.machine import NODES, PODS, ModelApi, ModelServer
from tests.extender.machine_objects import is_finished

# Which makes whole GPUs accelerators.
CLASS = {
    "metadata": {"name": "gpu"},
    "spec": {
        "vendor": "nvidia",
        "discovery": {"nodeSelector": {"gpu": "yes"}},
        "resources": [{"name": "nvidia.com/gpu"}],
    },
}

KINDS = {NODES: Kind.NODES, PODS: Kind.PODS}


@dataclass(eq=False)
class Given:
    """An order to bind a pod, and the task that carries it out."""

    order: Order
    task: asyncio.Task[Result]


@dataclass(eq=False)
class LivingExtender:
    """View, desk, flights and binder, as extender.app composes them, until they are killed."""

    server: ModelServer
    given: list[Given] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = self.server.loop
        api = ModelApi(self.server)
        pacing = Pacing(chance=lambda: 0.5, clock=loop.time)
        self.view = ClusterView(api, KINDS.values(), pacing=pacing)
        self.view.take(Kind.CLASSES, _json(CLASS))
        self.flights = FlightLog(self.view.account, loop.time)
        self.desk = Desk(self.view, self.flights)
        self.binder = Binder(api, self.view, self.flights, _no_reasons)
        self._watches = loop.create_task(self.view.run())

    def order(self, name: str, uid: str, node: str) -> None:
        """Give an order, whose end is heard of later."""
        order = Order(Pod("ml", name, uid), node)
        self.given.append(Given(order, self.server.loop.create_task(self.binder.bind(order))))

    def heard(self) -> list[tuple[Order, Result]]:
        """Return the orders that came to an end since last asked."""
        ended = [each for each in self.given if each.task.done()]
        self.given = [each for each in self.given if not each.task.done()]
        return [(each.order, each.task.result()) for each in ended]

    async def killed(self) -> None:
        """End at once, with everything that it was about to do; what it sent is sent."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def assert_each_hold_has_one_owner(self) -> None:
        """What nodes hold in flight is the sum of the holds of pods that are not known to be bound."""
        account = self.view.account
        total: dict[str, dict[str, int]] = {}
        for uid, hold in account.assumed.items():
            assert account.node_of(uid) is None
            of_node = total.setdefault(hold.node, {})
            for name, amount in hold.amounts.items():
                of_node[name] = of_node.get(name, 0) + amount
        for node in account.inventory.nodes.values():
            assert dict(node.assumed) == total.get(node.name, {})

    def assert_equals_a_fresh_list(self) -> None:
        """The account is the one that a list tells of, and nothing is in flight."""
        fresh = Account()
        fresh.use(self.view.catalog)
        for content in self.server.objects[NODES].values():
            fresh.apply_node(decode_node(_json(content)))
        for content in self.server.objects[PODS].values():
            if not is_finished(content):
                fresh.apply_pod(decode_pod(_json(content)))
        assert self.view.account.assumed == {}
        assert self.view.inventory.nodes == fresh.inventory.nodes


def _json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content).encode()


def _no_reasons(_pod: Pod, _node: str) -> Mapping[str, str]:
    return {}

"""No device is promised twice, in whatever order things happen, are told, answered or lost: a state machine.

One thing is taken for granted, because no client can ensure it: what an extender sent that was killed is carried out
before the next one lists what there is, or not at all.
"""

import os
import random
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from placement.keys import DEVICES
from tests.extender.machine import NODES, PODS, Fate
from tests.extender.machine_extender import LivingExtender
from tests.extender.machine_scheduling import AMOUNTS, FATES, LOST, NAMES, PLACES, SECONDS, Scheduling, Turn

IS_LONG = os.environ.get("BERTH_SOAK") == "1"

pytestmark = pytest.mark.timeout(3600 if IS_LONG else 300)

pick = st.integers(0, 1000)
turn = st.builds(Turn, pick | st.none(), st.lists(st.sampled_from(FATES), max_size=2).map(tuple), st.integers(0, 4))


class Trouble(StrEnum):
    """What befalls watches."""

    BOOKMARK = "none but a bookmark"
    END = "they end"
    CUT = "they are cut"
    AWAY = "the server is away"


class NeverTwice(Scheduling, RuleBasedStateMachine):
    """A cluster of a few nodes; its pods are asked about, bound, told of and deleted in any order."""

    def teardown(self) -> None:
        """Let everything be told, and nothing in flight be left."""
        self.settle()
        self.loop.run_until_complete(self.extender.killed())
        self.loop.close()

    # What happens in the cluster.

    @initialize(several=st.lists(st.sampled_from(AMOUNTS), min_size=3, max_size=8))
    def begin(self, several: list[dict[str, int]]) -> None:
        """Begin with some pods."""
        for amounts, name in zip(several, NAMES, strict=False):
            self.new_pod(name, amounts)

    @rule(amounts=st.sampled_from(AMOUNTS), name=st.sampled_from(NAMES), then=turn)
    def create(self, *, amounts: dict[str, int], name: str, then: Turn) -> None:
        """Create a pod, of a name that another one may have had."""
        self.new_pod(name, amounts)
        self.play(then)

    @precondition(lambda self: self.server.pods)
    @rule(which=pick, is_finished=st.booleans())
    def end(self, *, which: int, is_finished: bool) -> None:
        """Delete a pod, or let it finish."""
        name = self.name(which)
        if is_finished and self.pod(name)["spec"].get("nodeName"):
            self.server.put(PODS, name, {**self.pod(name), "status": {"phase": "Succeeded"}})
        else:
            self.server.delete(PODS, name)

    @precondition(lambda self: self.waiting)
    @rule(which=pick)
    def patch(self, which: int) -> None:
        """Change something of a pod that waits: kube-scheduler writes conditions."""
        name = self.name(which, self.waiting)
        self.server.put(
            PODS, name, {**self.pod(name), "metadata": {**self.pod(name)["metadata"], "labels": {"x": "y"}}}
        )

    @rule(name=st.sampled_from(sorted(PLACES)), meanwhile=turn)
    def replace_node(self, *, name: str, meanwhile: Turn) -> None:
        """Remove a node, and let another one of its name come."""
        self.server.delete(NODES, name)
        self.play(meanwhile)
        self.new_node(name)

    @precondition(lambda self: self.waiting)
    @rule(which=pick, node=st.sampled_from(sorted(PLACES)), devices=st.sampled_from(["", "0", "1", "0,1", "7", "x"]))
    def trespass(self, which: int, node: str, devices: str) -> None:
        """Somebody else binds a pod."""
        self.server.place(self.name(which, self.waiting), node, {DEVICES: devices} if devices else {})

    # What kube-scheduler asks and orders.

    @rule(turns=st.lists(turn, min_size=1, max_size=3), seconds=st.sampled_from(SECONDS))
    def schedule(self, *, turns: list[Turn], seconds: float) -> None:
        """Let the scheduler work for a while."""
        for each in turns:
            self.play(each)
        self.wait(seconds)

    @rule(seed=st.integers(0, 2**32), length=st.sampled_from([10, 20, 40]))
    def rush(self, *, seed: int, length: int) -> None:
        """Let much happen that chance decides: pods come and go, are bound, are told of, and lists are read anew."""
        chance = random.Random(seed)
        for _ in range(length):
            if chance.random() < 0.4:
                self.new_pod(chance.choice(NAMES), chance.choice(AMOUNTS))
            elif chance.random() < 0.3 and self.server.pods:
                self.server.delete(PODS, self.name(chance.randrange(1000)))
            elif chance.random() < 0.2:
                self.server.forget()
                self.server.end_watches(LOST)
            fates = chance.choices(FATES, k=chance.randrange(3))
            self.play(Turn(chance.randrange(1000), tuple(fates), chance.randrange(4)))
            self.wait(chance.choice(SECONDS[:6]))

    @precondition(lambda self: self.waiting)
    @rule(which=pick, is_filter=st.booleans())
    def ask_only(self, *, which: int, is_filter: bool) -> None:
        """Ask, and order nothing: gang cycles, and schedulers that die."""
        name = self.name(which, self.waiting)
        if is_filter:
            self.passed(name)
        else:
            self.extender.desk.prioritize(self.args(name))

    @precondition(lambda self: self.server.pods)
    @rule(which=pick, node=st.sampled_from(sorted(PLACES)))
    def order_anyhow(self, which: int, node: str) -> None:
        """Order what was not answered, or not of late: another scheduler, or one of before a restart."""
        self.bind(self.name(which), node)

    # What becomes of messages.

    @precondition(lambda self: self.server.calls)
    @rule(which=pick, fate=st.sampled_from(FATES))
    def answer(self, which: int, fate: Fate) -> None:
        """Carry out a Binding, or lose it, or its answer."""
        self.server.answer(self.server.calls[which % len(self.server.calls)], fate)
        self.wait(0.0)

    @rule(path=st.sampled_from([NODES, PODS]), count=st.integers(1, 5), twice=st.booleans())
    def tell(self, *, path: str, count: int, twice: bool) -> None:
        """Deliver what happened, late or twice."""
        self.server.tell(path, count, twice=twice)
        self.wait(0.0)

    @rule(trouble=st.sampled_from(Trouble), is_forgotten=st.booleans(), then=turn)
    def disturb(self, *, trouble: Trouble, is_forgotten: bool, then: Turn) -> None:
        """Trouble watches; what was not told is told by the next one, or by a list where it is forgotten."""
        if is_forgotten:
            self.server.forget()
        if trouble is Trouble.BOOKMARK:
            self.server.bookmark()
        else:
            self.server.end_watches(None if trouble is Trouble.END else LOST)
        self.server.is_away = trouble is Trouble.AWAY
        self.play(then)
        self.server.is_away = False

    @rule(dead=turn, seconds=st.sampled_from(SECONDS), then=turn)
    def restart(self, *, dead: Turn, seconds: float, then: Turn) -> None:
        """Kill the extender and start it anew; what it sent may be carried out as long as no other one runs."""
        self.loop.run_until_complete(self.extender.killed())
        for fate in dead.fates[: len(self.server.calls)]:
            self.server.answer(self.server.calls[0], fate)
        self.server.calls.clear()
        self.extender = LivingExtender(self.server)
        self.wait(seconds)
        self.play(then)

    # What holds at any time.

    @invariant()
    def no_device_is_promised_twice(self) -> None:
        """Of what Berth has bound."""
        self.assert_no_device_is_promised_twice()

    @invariant()
    def each_hold_has_one_owner(self) -> None:
        """Held and in flight are one account."""
        self.extender.assert_each_hold_has_one_owner()


TestNeverTwice = NeverTwice.TestCase
TestNeverTwice.settings = settings(
    max_examples=2000 if IS_LONG else 80,
    stateful_step_count=80 if IS_LONG else 40,
    suppress_health_check=list(HealthCheck),
)

"""Nodes and pods that say absurd things: decoded, counted, asked about and shown without an exception."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from berth.watches import WatchObserver
from cluster.api import Api
from cluster.objects import MalformedObject
from cluster.view import ClusterView, Kind
from extender.arrivals import Arrivals
from extender.desk import Desk
from extender.flights import FlightLog
from extender.pages import Pages
from placement.keys import DEVICES
from placement.shares import SHARES
from tests.cluster.scripted_server import ScriptedServer, listing
from tests.extender.known import args, pod_json
from tests.extender.lagging import running

GPU = "nvidia.com/gpu"
Json = dict[str, Any]

CLASS = {
    "metadata": {"name": "h100"},
    "spec": {
        "vendor": "nvidia",
        "discovery": {"nodeSelector": {"gpu": "h100"}},
        "capabilities": {"memoryGB": 80},
        "resources": [{"name": GPU}],
    },
}


@dataclass
class World:
    """A cluster by the real stores, and who answers about it."""

    view: ClusterView = field(default_factory=lambda: ClusterView(None))

    def __post_init__(self) -> None:
        """Know one class."""
        self.desk = Desk(self.view, FlightLog(self.view.account, lambda: 0.0), arrivals=Arrivals())
        self.pages = Pages(self.view, self.desk.arrivals)
        self.view.take(Kind.CLASSES, json.dumps(CLASS).encode())

    def take(self, kind: Kind, *objects: Json) -> int:
        """Take objects in, and return how many were refused."""
        refused = 0
        for each in objects:
            try:
                self.view.take(kind, json.dumps(each).encode())
            except MalformedObject:
                refused += 1
        return refused

    def ask(self, verb: str, pod: Json, names: Iterable[str]) -> Any:
        """Return what a question is answered."""
        body = args(names, pod)
        return json.loads((self.desk.filter if verb == "filter" else self.desk.prioritize)(body).body)

    def node(self, name: str) -> Json:
        """Return what people are told of a node."""
        found: Json = next(each for each in self.told()["nodes"] if each["name"] == name)
        return found

    def told(self) -> Json:
        """Return what people are told of all nodes."""
        content: Json = json.loads(json.dumps(asyncio.run(self.pages.inventory())))
        return content


def node_object(name: str, uid: str = "1", **allocatable: Any) -> Json:
    """Return a node that says to have so much, of GPUs as `gpus`, of shares as `shares`."""
    named = {{"gpus": GPU, "shares": SHARES}.get(key, key): amount for key, amount in allocatable.items()}
    labels = {"gpu": "h100", "kubernetes.io/hostname": name}
    return {"metadata": {"name": name, "uid": uid, "labels": labels}, "status": {"allocatable": named}}


def bound(uid: str, node: str, amount: Any, resource: str = GPU, devices: str | None = None) -> Json:
    """Return a pod that stands on a node."""
    pod = pod_json(uid, 0, nodeName=node)
    pod["spec"]["containers"][0]["resources"] = {"limits": {resource: amount}}
    if devices is not None:
        pod["metadata"]["annotations"] = {DEVICES: devices}
    return pod


def test_a_node_whose_pods_exceed_it_is_full_counted_and_shown() -> None:
    """Somebody bound more than there is; what is free is below zero until they go."""
    world = World()
    world.take(Kind.NODES, node_object("over", gpus="2"), node_object("free", gpus="2"))
    world.take(Kind.PODS, bound("a", "over", "2"), bound("b", "over", "2"))

    both = world.ask("filter", pod_json("u"), ["over", "free"])
    alone = world.ask("filter", pod_json("u"), ["over"])

    assert (both["NodeNames"], alone["NodeNames"]) == (["free"], [])
    assert alone["FailedAndUnresolvableNodes"] == {"over": f"berth: node(s) with too few free {GPU}"}
    assert world.node("over")["resources"][GPU]["free"] == -2
    assert world.told()["resources"][GPU]["overfilledNodes"] == 1


def test_a_node_made_anew_under_its_name_has_its_own_words_and_the_pods_that_stand_on_the_name() -> None:
    """Pods name a node by its name alone, and kube-scheduler counts them so; they count until they are gone."""
    world = World()
    world.take(Kind.NODES, node_object("n", "old", gpus="8", shares="0"))
    world.take(Kind.PODS, bound("a", "n", "1"))
    anew = node_object("n", "new", gpus="2")
    anew["metadata"]["labels"]["zone"] = "other"

    world.take(Kind.NODES, anew)
    seen = world.view.inventory.nodes["n"]
    two = world.ask("filter", pod_json("u", 2), ["n"])
    world.view.account.remove_pod("a")
    after = world.ask("filter", pod_json("u", 2), ["n"])

    assert (dict(seen.allocatable), seen.labels["zone"], seen.held[GPU]) == ({GPU: 2}, "other", 1)
    assert (two["NodeNames"], after["NodeNames"]) == ([], ["n"])


def test_a_node_that_went_and_came_back_finds_what_its_pods_hold() -> None:
    """Its pods outlive it a little; of what it said itself nothing is kept."""
    world = World()
    world.take(Kind.NODES, node_object("n", "old", gpus="8"))
    world.take(Kind.PODS, bound("a", "n", "1"))
    world.view.account.remove_node("n")
    gone = world.view.inventory.nodes
    world.take(Kind.NODES, node_object("n", "new"))

    seen = world.view.inventory.nodes["n"]
    assert "n" not in gone
    assert (dict(seen.allocatable), seen.held[GPU]) == ({}, 1)


@pytest.mark.parametrize("amount", ["1e30", "9223372036854775807", "8E", "100Ei", "0", "1n"])
def test_amounts_that_the_api_server_takes_are_understood(amount: str) -> None:
    """However absurd: it takes all of these for nodes and pods, and kube-scheduler asks about them."""
    world = World()
    node, pod = node_object("n", gpus=amount, cpu=amount, memory=amount), bound("a", "n", amount)

    assert world.take(Kind.NODES, node, node_object("shared", shares=amount)) == 0
    assert world.take(Kind.PODS, pod, bound("b", "shared", amount, SHARES), bound("c", "n", amount, "cpu")) == 0
    for resource in (GPU, SHARES):
        asking = bound("u", "", amount, resource)
        assert world.ask("filter", asking, ["n", "shared"])["Error"] == ""
        assert isinstance(world.ask("prioritize", asking, ["n", "shared"]), list)
    assert {"resources", "nodes"} <= world.told().keys()


def test_a_pod_without_containers_asks_for_nothing() -> None:
    """As kube-scheduler writes it: null."""
    world = World()
    world.take(Kind.NODES, node_object("n", gpus="1"))
    nothing: tuple[Any, ...] = (None, [])
    for containers in nothing:
        pod = pod_json("u", containers=containers)
        assert world.take(Kind.PODS, pod | {"spec": pod["spec"] | {"nodeName": "n"}}) == 0
        assert world.ask("filter", pod, ["n"])["NodeNames"] == ["n"]

    assert world.node("n")["resources"][GPU]["held"] == 0


async def test_a_node_with_one_field_that_cannot_be_understood_is_told_of_by_name(
    server: ScriptedServer, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as a node that is not known: it passes last, and nobody promises what it may not have."""
    registry = CollectorRegistry()
    world = World(ClusterView(api, [Kind.NODES], WatchObserver(registry)))
    server.script = [listing(node_object("bad", gpus="8 or so"), node_object("good", gpus="8"), version="7")]
    async with running([world.view.run]):
        await world.view.until_synced()

    assert world.ask("filter", pod_json("u"), ["bad", "good"])["NodeNames"] == ["good"]
    assert world.ask("filter", pod_json("u"), ["bad"])["NodeNames"] == ["bad"]
    assert world.ask("filter", bound("s", "", "500", SHARES), ["bad"])["NodeNames"] == []
    assert registry.get_sample_value("berth_watch_malformed_total", {"path": "/api/v1/nodes"}) == 1
    assert "object skipped: bad: status.allocatable[nvidia.com/gpu]: '8 or so' is no quantity" in caplog.text


amounts = st.sampled_from(
    ["1e30", "-1", "1500m", "0", "", "abc", "1", "8", "1000", "2000", "1500", "9" * 60, "8E", "1e-30", "-0", 4, -3, 1.5]
) | st.integers(-(10**40), 10**40)
resources = st.sampled_from([GPU, SHARES, f"{SHARES}/0", f"{SHARES}/?", "cpu", "memory", "pods", "x", ""])
nodes = st.builds(
    lambda name, uid, allocatable: node_object(name, uid, **allocatable),
    st.sampled_from("abc"),
    st.sampled_from("12"),
    st.dictionaries(resources, amounts, max_size=4),
)
pods = st.builds(
    bound,
    st.sampled_from("pqrs"),
    st.sampled_from(["", "a", "b", "nowhere"]),
    amounts,
    resources,
    st.none() | st.sampled_from(["", "0", "0,1", "7", "-1", "x", "0,0", "999999", "9" * 50]),
)


@given(st.lists(nodes, max_size=6), st.lists(pods, max_size=8), pods)
def test_whatever_is_seen_questions_are_answered(seen: list[Json], standing: list[Json], asking: Json) -> None:
    """What cannot be understood is refused as a whole; everything else is counted."""
    world = World()
    world.take(Kind.PODS, *standing[:4])
    world.take(Kind.NODES, *seen)
    world.take(Kind.PODS, *standing[4:])
    if world.take(Kind.PODS, asking):
        return

    for each in ("a", "b", "c", "nowhere"):
        answer = world.ask("filter", asking, ["a", "b", "c", "nowhere"])
        assert answer["Error"] == ""
        assert {*answer["NodeNames"]} | answer["FailedAndUnresolvableNodes"].keys() <= {"a", "b", "c", "nowhere"}
        world.ask("prioritize", asking, [each])
    assert world.told()["nodes"] is not None

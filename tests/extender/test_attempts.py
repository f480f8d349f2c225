"""What becomes of pods where they were sent: real questions, pods as the watch shows them, an API server by script."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cluster.api import Api
from cluster.observers import SILENT
from cluster.roster import PodRoster
from cluster.stores import PodStore
from extender.attempts import Attempts
from extender.desk import Desk
from extender.sickness import FAILURES, Kind, Sickness
from extender.sightings import Sightings
from placement.pods import Pod
from placement.scheduling.decisions import Decision
from placement.shares import SHARES
from tests.builders import H100, node
from tests.cluster.scripted_server import Answer, ScriptedServer, body, refusal, serving, write_kubeconfig
from tests.extender.known import KnownCluster, args, bound, desk_of, known, pod_json
from tests.extender.lagging import until
from tests.extender.sharing import shared_node

NODES = ("n1", "n2", "n3")


@dataclass
class World:
    """A cluster, a desk that is asked, and a watch that shows pods."""

    cluster: KnownCluster = field(default_factory=lambda: known(*(node(name, H100) for name in NODES)))
    counted: list[Kind] = field(default_factory=list)
    answers_all: bool = False
    attempts: Attempts = field(init=False)
    desk: Desk = field(init=False)
    pods: PodStore = field(init=False)

    def __post_init__(self) -> None:
        self.attempts = Attempts(Sickness(lambda: 0.0), self.counted.append)
        self.desk = desk_of(self.cluster, answers_all=self.answers_all)
        self.pods = PodStore(self.cluster.account, PodRoster(), Sightings(SILENT, attempts=self.attempts))

    def ask(self, uid: str, *names: str, **pod: Any) -> Decision:
        """Ask about a pod, tell of the answer, and return the decision."""
        answer = self.desk.filter(args(names or NODES, pod_json(uid, **pod)))
        assert answer.decided
        self.attempts.answered(answer.decided, self.desk.flights)
        return answer.decided.decision

    def place(self, uid: str, *names: str, **pod: Any) -> Pod:
        """Ask about a pod and let it be bound where it was answered; return it as the watch shows it."""
        winner = self.ask(uid, *names, **pod).winner
        assert winner
        seen = bound(winner.node, 1, owner=pod.get("owner", ""), uid=uid)
        self.pods.apply(seen)
        return seen

    @property
    def sick(self) -> set[str]:
        """The sick nodes."""
        return set(self.attempts.sickness.nodes())


@pytest.fixture
def world() -> World:
    """A world with three nodes alike."""
    return World()


def test_a_pod_that_is_asked_about_again_came_back_from_its_node(world: World) -> None:
    """Its binding failed, or what precedes that, whoever binds."""
    for _ in range(FAILURES + 1):
        world.ask("u1", owner="o1")

    assert world.counted == [Kind.BIND] * FAILURES
    assert len(world.sick) == 1


def test_a_pod_that_is_bound_and_runs_came_back_from_nowhere(world: World) -> None:
    """Nothing is told of it afterwards either."""
    pod = world.place("u1")
    for _ in range(3):
        world.pods.apply(replace(pod, is_running=True))
    world.pods.apply(replace(pod, is_running=True, failure="RunContainerError"))
    world.pods.remove(pod)

    assert world.counted == []


def test_a_question_about_one_node_is_the_same_cycle(world: World) -> None:
    """A scheduler with two entries asks twice about a pod, the second time about the winner of the first."""
    for number in range(5):
        winner = world.ask(f"u{number}", owner="o").winner
        assert winner
        world.ask(f"u{number}", winner.node, owner="o")

    assert world.counted == []


def test_pods_of_a_gang_are_asked_about_without_being_bound(world: World) -> None:
    """Its cycles are simulations, and nothing has failed."""
    for _ in range(5):
        world.ask("u1", schedulingGroup={"podGroupName": "g"})

    assert world.counted == []


def test_where_several_nodes_passed_nobody_knows_where_it_came_back_from(world: World) -> None:
    """Its start counts all the same: then its node is known."""
    world = World(answers_all=True)
    world.ask("u1")
    world.ask("u1")
    assert world.counted == []

    world.pods.apply(replace(bound("n2", 1, uid="u1"), failure="CreateContainerError"))
    assert world.counted == [Kind.START]


def test_a_pod_whose_binding_is_being_sent_has_not_come_back(world: World) -> None:
    """Nobody knows yet what became of it, and that tells of the API server."""
    world = World(known(shared_node("s1"), shared_node("s2")))
    world.ask("u1", "s1", "s2", resource=SHARES, count=300)
    hold = world.desk.flights.hold_of("u1")
    assert hold
    world.desk.flights.land("u1", hold)
    world.ask("u1", "s1", "s2", resource=SHARES, count=300)
    assert world.counted == []

    world.desk.flights.abort("u1")
    world.ask("u1", "s1", "s2", resource=SHARES, count=300)
    assert world.counted == [Kind.BIND]


def test_a_container_that_cannot_be_started_counts_once(world: World) -> None:
    """However often the pod changes meanwhile; when it runs after all, the node is none the worse."""
    pods = [world.place(f"u{number}", "n1", "n2", owner=f"o{number}") for number in range(3)]
    for pod in pods:
        for _ in range(3):
            world.pods.apply(replace(pod, failure="CreateContainerError"))
    assert world.counted == [Kind.START] * 3
    sick = world.sick

    world.pods.apply(replace(pods[0], is_running=True))

    assert sick == {pods[0].node}
    assert world.sick == set()


def test_pods_that_berth_did_not_send_tell_nothing(world: World) -> None:
    """Nor do those that were sent before the extender started."""
    for number in range(5):
        stranger = bound("n1", 1, uid=f"u{number}")
        world.pods.apply(replace(stranger, failure="CreateContainerError"))
        world.pods.apply(replace(stranger, is_running=True))

    assert world.counted == []


def test_pods_without_an_owner_are_their_namespaces(world: World) -> None:
    """Else bare pods with one mistake would make every node sick."""
    for number, name in enumerate(NODES * 3):
        pod = world.place(f"u{number}", name, "n9")
        world.pods.apply(replace(pod, failure="RunContainerError"))

    assert len(world.counted) == 9
    assert world.sick == set()


def test_a_sick_node_is_logged_once_and_so_is_its_healing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """With its name."""
    caplog.set_level(logging.INFO, "berth.extender")
    for number in range(5):
        pod = world.place(f"u{number}", "n1", "n9", owner=f"o{number}")
        world.pods.apply(replace(pod, failure="CreateContainerError"))
    world.pods.apply(replace(pod, is_running=True))

    told = [(each.getMessage(), each.__dict__["node"]) for each in caplog.records if "node" in each.__dict__]
    assert told == [("node is sick: pods failed there", "n1"), ("node is healed: a pod runs there", "n1")]


def failed(uid: str, reason: str = "UnexpectedAdmissionError") -> Answer:
    """Answer with a pod that its node rejected."""
    status = {"phase": "Failed", "reason": reason}
    metadata = {"namespace": "ml", "name": "holder", "uid": uid}
    return body({"metadata": metadata, "spec": {"nodeName": "n1", "containers": []}, "status": status})


@asynccontextmanager
async def asking(world: World, folder: Path, *script: Answer) -> AsyncIterator[ScriptedServer]:
    """Let it ask an API server that answers so."""
    async with serving() as server:
        server.script = list(script)
        async with Api.connect(write_kubeconfig(folder / "kubeconfig", server.url, {})) as api:
            running = asyncio.create_task(world.attempts.run(api))
            yield server
            running.cancel()


async def test_a_pod_that_left_before_it_ran_is_asked_for_and_counts_where_its_node_rejected_it(
    world: World, tmp_path: Path
) -> None:
    """The watch is for unfinished pods: it tells that the pod is gone, and shows it as it stood before."""
    async with asking(world, tmp_path, *(failed(f"u{number}", "OutOfnvidia.com/gpu") for number in range(3))) as server:
        for number in range(3):
            world.pods.remove(world.place(f"u{number}", owner="o"))
        await until(lambda: len(world.counted) == 3)

    assert server.requests[0].path == "/api/v1/namespaces/ml/pods/holder"
    assert world.counted == [Kind.ADMISSION] * 3
    assert world.sick == {"n1"}


@pytest.mark.parametrize(
    "found",
    [failed("another"), failed("u1", "Evicted"), failed("u1", ""), refusal(404, "NotFound"), body({"metadata": 7})],
    ids=["another pod", "evicted", "finished", "gone", "nonsense"],
)
async def test_a_pod_that_left_for_another_reason_tells_nothing(world: World, tmp_path: Path, found: Answer) -> None:
    """And the next one is asked for as ever."""
    async with asking(world, tmp_path, found, failed("u2")) as server:
        world.pods.remove(world.place("u1"))
        world.pods.remove(world.place("u2"))
        await until(lambda: bool(world.counted))

    assert [each.path for each in server.requests] == ["/api/v1/namespaces/ml/pods/holder"] * 2
    assert world.counted == [Kind.ADMISSION]


async def test_a_pod_that_is_deleted_is_not_asked_for(world: World, tmp_path: Path) -> None:
    """Nor is one that ran."""
    async with asking(world, tmp_path) as server:
        world.pods.remove(replace(world.place("u1"), is_terminating=True))
        running = world.place("u2")
        world.pods.apply(replace(running, is_running=True))
        world.pods.remove(running)
        server.script = [failed("u3")]
        world.pods.remove(world.place("u3"))
        await until(lambda: bool(world.counted))

    assert len(server.requests) == 1

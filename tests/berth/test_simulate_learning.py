"""`berth simulate` on a cluster chooses as the extender there would: by the pods that stand there, and by a file."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import yaml

from berth.cli import main
from berth.preview.surroundings import current_cluster
from berth.simulate.learning import Learning
from cluster import files
from cluster.kinds import Kind
from cluster.objects import decode_pod
from cluster.observers import SILENT
from cluster.view import ClusterView
from extender.arrivals import Arrivals
from extender.desk import Desk
from extender.flights import FlightLog
from extender.mixes import read_mix
from extender.sightings import Sightings
from placement.scheduling.expectations import Expectations
from placement.scheduling.fit import rejection
from placement.scheduling.policy import Chooser
from sandbox import ControlPlane
from tests.builders import NVIDIA

Json = dict[str, Any]
WHOLES = {"resources": {NVIDIA: {"arrivals": 1000, "tasks": [{"devices": 8, "cpu": 8000, "share": 1}]}}}
NO_CPU = {"resources": {NVIDIA: {"arrivals": 1000, "tasks": [{"devices": 1, "cpu": 16_000, "share": 1}]}}}


def node(name: str, cpu: int = 64) -> Json:
    """Return a node with eight devices."""
    allocatable = {"cpu": str(cpu), "memory": "512Gi", "pods": "110", NVIDIA: "8"}
    return _object("Node", {"name": name, "labels": {}}, {}, {"allocatable": allocatable})


def pod(name: str, devices: int, cpu: int, bound: str = "", day: int = 1, **spec: Any) -> Json:
    """Return a pod, on a node or on its way."""
    resources = {"requests": {"cpu": str(cpu)}, "limits": {NVIDIA: str(devices)} if devices else {}}
    containers = [{"name": "c", "image": "i", "resources": resources}]
    metadata = {"name": name, "namespace": "ml", "creationTimestamp": f"2026-05-{day:02}T12:00:00Z"}
    return _object("Pod", metadata, {"containers": containers, "nodeName": bound, **spec}, {})


def _object(kind: str, metadata: Json, spec: Json, status: Json) -> Json:
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def simulated(folder: Path, cluster: list[Json], asked: Json, count: int, *flags: str) -> Mapping[str, int]:
    """Return how many copies the command puts on each node."""
    (folder / "cluster.yaml").write_text(yaml.safe_dump_all(cluster))
    (folder / "pods.yaml").write_text(yaml.safe_dump(asked))
    command = ["--cluster", str(folder / "cluster.yaml"), "--pods", str(folder / "pods.yaml"), "--count", str(count)]
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["simulate", *command, "--json", *flags])
    assert (code, err.getvalue()) == (0, "")
    (fit,) = json.loads(out.getvalue())["pods"]
    return {each["node"]: each["copies"] for each in fit["nodes"]}


def extended(cluster: list[Json], asked: Json, count: int, mix: Path | None = None) -> Mapping[str, int]:
    """Return on how many nodes an extender puts the copies, that has started beside this cluster."""
    sightings = Sightings(SILENT)
    view = ClusterView(None, observer=sightings)
    for each in cluster:
        kind = files.kind_of(each)
        assert kind
        files.take(view, kind, each, "ml")
    desk = Desk(view, FlightLog(view.account, lambda: 0.0))
    desk.arrivals = Arrivals(Chooser(Expectations(read_mix(mix) if mix else {})))
    return asyncio.run(_asked(desk, sightings, asked, count))


async def _asked(desk: Desk, sightings: Sightings, asked: Json, count: int) -> Mapping[str, int]:
    learning = asyncio.create_task(desk.arrivals.run(sightings.held, desk.knowledge))
    nodes: Counter[str] = Counter()
    for number in range(count):
        await asyncio.sleep(0)
        created = {**asked, "metadata": {**asked["metadata"], "uid": f"copy-{number}"}}
        names = _feasible(desk, asked)
        answer = desk.filter(json.dumps({"Pod": created, "Nodes": None, "NodeNames": names}).encode())
        (winner,) = json.loads(answer.body)["NodeNames"]
        placed = {**created, "spec": {**created["spec"], "nodeName": winner}}
        assert isinstance(desk.knowledge, ClusterView)
        files.take(desk.knowledge, Kind.PODS, placed, "ml")
        await asyncio.sleep(0)
        nodes[winner] += 1
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)
    return dict(nodes)


def _feasible(desk: Desk, asked: Json) -> list[str]:
    """Return the nodes that kube-scheduler asks about."""
    wanted = desk.requirements_of(decode_pod(msgspec.Raw(json.dumps(asked).encode()), "ml"))
    return [each.name for each in desk.knowledge.inventory.nodes.values() if rejection(wanted, each) is None]


def drawn(seed: int) -> tuple[list[Json], Json]:
    """Return a cluster with pods of few sizes, and a pod that is asked about; nodes differ in what they have left."""
    chance = Random(seed)
    nodes = [node(f"n{number}", chance.choice((32, 64, 96))) for number in range(6)]
    sizes = [(chance.choice((1, 2, 4)), chance.randint(1, 10)) for _ in range(2)]
    bound = [
        pod(f"p{number}-{turn}", *chance.choice(sizes), f"n{number}", chance.randint(1, 28))
        for number in range(6)
        for turn in range(chance.randint(0, 2))
    ]
    return [*bound, *nodes], pod("asked", chance.choice((1, 2)), chance.randint(1, 6))


@pytest.mark.parametrize("seed", range(12))
def test_copies_go_where_an_extender_would_put_them(tmp_path: Path, seed: int) -> None:
    """It learns from the pods that it finds bound, and from each that it is asked about."""
    cluster, asked = drawn(seed)

    assert simulated(tmp_path, cluster, asked, 6) == extended(cluster, asked, 6)


@pytest.mark.parametrize("mix", [WHOLES, NO_CPU])
@pytest.mark.parametrize("seed", range(3))
def test_a_mix_file_counts_as_it_does_for_an_extender(tmp_path: Path, seed: int, mix: Json) -> None:
    """Learning begins with it."""
    cluster, asked = drawn(seed)
    (tmp_path / "mix.json").write_text(json.dumps(mix))

    found = simulated(tmp_path, cluster, asked, 4, "--mix", str(tmp_path / "mix.json"))

    assert found == extended(cluster, asked, 4, tmp_path / "mix.json")


def test_a_mix_file_that_cannot_be_understood_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the cluster is read."""
    (tmp_path / "mix.json").write_text("{}")
    command = ["--cluster", "absent", "--pods", "absent", "--count", "1", "--mix", str(tmp_path / "mix.json")]

    assert main(["simulate", *command]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/mix.json: resources: Field required\n"


async def test_pods_of_a_real_cluster_are_learnt_from(control_plane: ControlPlane) -> None:
    """Those that are bound there, but for one that is made for its node; simulated copies as well."""
    fields = [{"key": "metadata.name", "operator": "In", "values": ["n"]}]
    terms = {"nodeSelectorTerms": [{"matchFields": fields}]}
    made_for_it = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    common: Json = {"automountServiceAccountToken": False}
    control_plane.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "learning"}}))
    created = [
        pod("there", 8, 7, "n", **common),
        pod("daemon", 4, 7, "n", affinity=made_for_it, **common),
        pod("waiting", 2, 7, **common),
    ]
    await asyncio.to_thread(_create, control_plane, created)
    learning = Learning.begun_with(None)
    view, notes = await current_cluster(Path(control_plane.kubeconfig), learning.sightings)
    control_plane.kubectl("delete", "pod", "--namespace=learning", "--all", "--force", "--grace-period=0")
    held = learning.sightings.held.drain()
    files.take(view, Kind.PODS, pod("copy", 8, 7, "n"), "learning")

    assert notes == ()
    assert [each.name for each in held if each.namespace == "learning"] == ["there"]
    assert [each.name for each in learning.sightings.held.drain()] == ["copy"]


def _create(control_plane: ControlPlane, pods: list[Json]) -> None:
    for each in pods:
        named = {"name": each["metadata"]["name"], "namespace": "learning"}
        control_plane.api.send("POST", "/api/v1/namespaces/learning/pods", {**each, "metadata": named, "status": {}})

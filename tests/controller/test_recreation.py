"""When a pod may be deleted to be made anew: laws, and what a real API server knows of owners."""

import json
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.api import Api
from cluster.objects import decode_pod
from controller.overseeing.owners import Owners, Reference, as_made, controller_of
from controller.overseeing.recreation import Candidate, Cause, Spacing
from placement.keys import CHOSEN_CLASS, DECISION, INJECTION
from placement.pods import Pod
from sandbox import ControlPlane

Json = dict[str, Any]
NUMBERS = count()
LABELS = {"app": "engine"}
CONTAINER = {"name": "vllm", "image": "vllm/vllm-openai"}
TEMPLATE: Json = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}


@dataclass
class Clock:
    """Seconds that pass when told."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


@given(st.floats(0.5, 600), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_deletions_in_a_minute_than_the_rate_allows(rate: float, pauses: list[float]) -> None:
    """Whenever somebody asks, and however often."""
    clock = Clock()
    spacing, deleted = Spacing(rate, clock), []
    for pause in pauses:
        clock.now += pause
        if spacing.is_open:
            spacing.note()
            deleted.append(clock.now)

    for index, began in enumerate(deleted):
        within = [at for at in deleted[index:] if at - began < 60 - 1e-6]
        assert len(within) <= ceil(rate)


def test_a_rate_of_nothing_deletes_nothing() -> None:
    """However long it waits."""
    assert not Spacing(0, Clock(1e9)).is_open


pods = st.builds(
    Pod,
    st.just("ml"),
    uid=st.sampled_from(["a", "b"]),
    labels=st.sampled_from([{}, {INJECTION: "false"}]),
    annotations=st.sampled_from(
        [{}, {DECISION: "{}"}, {DECISION: "{}", CHOSEN_CLASS: "l4"}, {CHOSEN_CLASS: "l4,h100"}]
    ),
    node=st.sampled_from(["", "n"]),
    nominated_node=st.sampled_from(["", "n"]),
    is_terminating=st.booleans(),
    is_finished=st.booleans(),
)


@given(pods, st.sampled_from(["", "l4"]))
def test_a_pod_that_is_bound_or_has_changed_is_never_deleted(pod: Pod, avoid: str) -> None:
    """Nor one whose room is being made, that ends, that opted out, or that has another class by now."""
    candidate = Candidate("ml", "p", "a", "owner", "", Cause.STUCK if avoid else Cause.SLIPPED, avoid)

    if candidate.concerns(pod):
        assert pod.uid == "a"
        assert not any((pod.node, pod.nominated_node, pod.is_terminating, pod.is_finished))
        if avoid:
            assert pod.annotations[CHOSEN_CLASS] == avoid
        else:
            assert DECISION not in pod.annotations
            assert INJECTION not in pod.labels


def workload(kind: str, **spec: Any) -> Json:
    """Return something that makes pods."""
    version = "batch/v1" if kind == "Job" else "apps/v1"
    template = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}} if kind == "Job" else TEMPLATE
    selector = {} if kind == "Job" else {"selector": {"matchLabels": LABELS}}
    metadata = {"name": f"w{next(NUMBERS)}"}
    spec = {"template": template, **selector, **spec}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def made(control_plane: ControlPlane, content: Json, status: Json | None = None) -> Reference:
    """Create something that makes pods, and return how its pods refer to it."""
    path = f"/apis/{content['apiVersion']}/namespaces/default/{content['kind'].lower()}s"
    found = control_plane.api.send("POST", path, content)
    name = found["metadata"]["name"]
    if status:
        control_plane.api.send("PUT", f"{path}/{name}/status", {**found, "status": status})
    return Reference(content["apiVersion"], content["kind"], name, found["metadata"]["uid"], controller=True)


@pytest.mark.parametrize(
    ("content", "status", "obstacle"),
    [
        (workload("ReplicaSet", replicas=2), None, ""),
        (workload("ReplicaSet", replicas=0), None, "its owner is scaled to nothing"),
        (workload("StatefulSet", serviceName="s"), None, ""),
        (workload("Job"), None, ""),
        (workload("Job", suspend=True), None, "its Job is suspended"),
        (workload("Job", backoffLimit=0), None, "its Job counts a deleted pod as failed, and tolerates no more"),
        (
            workload("Job", backoffLimit=1),
            {"failed": 1},
            "its Job counts a deleted pod as failed, and tolerates no more",
        ),
        (
            workload("Job", completionMode="Indexed", completions=1, backoffLimitPerIndex=1),
            None,
            "its Job counts a deleted pod as failed, and tolerates no more",
        ),
    ],
)
async def test_owners_that_replace_a_deleted_pod(
    control_plane: ControlPlane, api: Api, content: Json, status: Json | None, obstacle: str
) -> None:
    """Each by its own rules; a Job pays for every pod that goes."""
    owner = await Owners(api).of(made(control_plane, content, status), "default")

    assert owner.obstacle == obstacle
    assert owner.template is not None


async def test_owners_that_do_not_or_are_not_known_to(control_plane: ControlPlane, api: Api) -> None:
    """Nobody, somebody else, and one that was made anew under its name."""
    owners = Owners(api)
    there = made(control_plane, workload("ReplicaSet"))
    another = Reference(there.api_version, there.kind, there.name, "another", controller=True)
    gone = Reference("apps/v1", "StatefulSet", "gone", "x", controller=True)
    foreign = Reference("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "lws", "y", controller=True)

    assert (await owners.of(None, "default")).obstacle == "nobody would make it again: it has no controller"
    assert (await owners.of(foreign, "default")).obstacle == "a LeaderWorkerSet may not make it again"
    assert (await owners.of(another, "default")).obstacle == "its owner is gone"
    assert (await owners.of(gone, "default")).obstacle == "its owner is gone"


async def test_a_pod_is_made_as_its_owner_writes_it(control_plane: ControlPlane, api: Api) -> None:
    """With its own labels, and nothing of what was injected; people know the owner's owner."""
    deployment = made(control_plane, workload("Deployment"))
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment.name, "uid": deployment.uid}
    content = workload("ReplicaSet")
    content["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    replica_set = made(control_plane, content)
    pod = {
        "metadata": {
            "name": "p",
            "namespace": "default",
            "labels": {**LABELS, CHOSEN_CLASS: "l4"},
            "annotations": {DECISION: "{}", "own": "word"},
            "ownerReferences": [
                {"kind": "Node", "uid": "n"},
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set.name, "uid": replica_set.uid}
                | {"controller": True},
            ],
        },
        "spec": {"containers": [{"name": "vllm", "args": ["--injected"]}], "nodeSelector": {"gpu": "l4"}},
    }
    raw = json.dumps(pod).encode()
    found = controller_of(raw)
    owner = await Owners(api).of(found, "default")
    assert owner.template is not None
    anew = decode_pod(json.dumps(as_made(raw, owner.template)).encode())

    assert found == replica_set
    assert (owner.told.kind, owner.told.name) == ("Deployment", deployment.name)
    assert (await Owners(api).told_of(replica_set, "default")) == owner.told
    assert (anew.labels, anew.annotations) == (LABELS, {"own": "word"})
    assert (anew.selection.labels, anew.containers[0].args, anew.owner) == ({}, (), replica_set.uid)

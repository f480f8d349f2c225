"""Pods that wait for a scheduler which goes are made anew, and none is lost, on a real API server."""

import json
from pathlib import Path
from typing import Any

import pytest

from berth.uninstall.handing_over import HandingOver
from berth.uninstall.templates import Templates
from cluster.api import Api
from placement.keys import DECISION
from sandbox import ControlPlane
from tests.berth.uninstalling import CONTAINER, SCHEDULER, waiting, walked
from tests.kueue.cluster import MERGE

APPS = "/apis/apps/v1/namespaces/default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"

RUNS_ONCE = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}

pytestmark = pytest.mark.usefixtures("no_pods")

Json = dict[str, Any]


def reference(made: Json, api_version: str, kind: str) -> Json:
    """Return how a pod names an object that made it."""
    metadata = made["metadata"]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


async def test_pods_that_cannot_be_handed_over_are_named(plane: ControlPlane, api: Api) -> None:
    """Those of a Job or a group that runs others, of owners that are not known, of templates with the scheduler."""
    job = plane.api.send("POST", JOBS, {"metadata": {"name": "half"}, "spec": {"template": RUNS_ONCE}})
    of_job = reference(job, "batch/v1", "Job")
    waiting(plane, of_job, nodeName="somewhere")
    halted = waiting(plane, of_job)
    of_ray = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "name": "ray", "uid": "1", "controller": True}
    worker = waiting(plane, of_ray)
    pods = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [CONTAINER], "schedulerName": SCHEDULER}}
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": pods}
    free = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [CONTAINER]}}
    replicas = plane.api.send(
        "POST", "/apis/apps/v1/namespaces/default/replicasets", {"metadata": {"name": "names"}, "spec": spec}
    )
    again = waiting(plane, reference(replicas, "apps/v1", "ReplicaSet"))

    workers = plane.api.send(
        "POST", f"{APPS}/statefulsets", {"metadata": {"name": "workers"}, "spec": {**spec, "template": free}}
    )
    of_workers = reference(workers, "apps/v1", "StatefulSet")
    waiting(plane, of_workers, "first", nodeName="somewhere")
    beside = waiting(plane, of_workers, "first")
    alone = waiting(plane, of_workers, "second")

    said, left = await walked(HandingOver(api, SCHEDULER).find, Templates(api, SCHEDULER).find)

    assert said == [f"delete pod, for its owner to make anew: default/{alone}"]
    assert f"waiting pod default/{beside}: others of its group run" in left[0]
    assert f"waiting pod default/{halted}: its Job runs other pods" in left[1]
    assert f"waiting pod default/{worker}: a RayCluster may not make it again" in left[2]
    assert f"waiting pod default/{again}: the template of ReplicaSet names names {SCHEDULER}" in left[3]
    assert left[4].startswith(f"ReplicaSet default/names: the template names {SCHEDULER}")


async def test_pods_of_nobody_are_made_again_once(plane: ControlPlane, api: Api, tmp_path: Path) -> None:
    """Also where somebody was interrupted: a file whose pod is there is of no use, and one without its pod is made."""
    name = waiting(plane)
    plane.kubectl("annotate", "pod", name, f"{DECISION}={{}}", "asked=yes")
    hand_over = HandingOver(api, SCHEDULER, tmp_path).find
    await walked(hand_over)
    found = plane.api.get(f"{PODS}/{name}")

    assert found["spec"]["schedulerName"] == "default-scheduler"
    assert found["metadata"]["annotations"] == {"asked": "yes"}
    assert "berth" not in json.dumps(found["metadata"]["managedFields"])

    lost = {"kind": "Pod", "metadata": {"name": "lost", "namespace": "default"}, "spec": {"containers": [CONTAINER]}}
    there = {**lost, "metadata": {"name": name, "namespace": "default"}}
    (tmp_path / "default.lost.json").write_text(json.dumps(lost))
    (tmp_path / f"default.{name}.json").write_text(json.dumps(there))
    await walked(hand_over)

    assert plane.api.get(f"{PODS}/lost")
    assert plane.api.get(f"{PODS}/{name}")["metadata"]["uid"] == found["metadata"]["uid"]
    assert files(tmp_path) == []


def files(folder: Path) -> list[Path]:
    """Return what is in a folder."""
    return list(folder.iterdir())


async def test_a_pod_that_could_not_be_made_again_is_left(plane: ControlPlane, api: Api, tmp_path: Path) -> None:
    """Such as one over a quota that came later: it is not deleted for nothing."""
    name = waiting(plane)
    quota = {
        "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
        "status": {"hard": {"pods": "0"}, "used": {"pods": "0"}},
    }
    plane.api.send("POST", "/api/v1/namespaces/default/resourcequotas", quota)
    plane.api.send("PATCH", "/api/v1/namespaces/default/resourcequotas/none/status", {"status": quota["status"]}, MERGE)
    _, left = await walked(HandingOver(api, SCHEDULER, tmp_path).find)
    plane.kubectl("delete", "resourcequota", "none")

    assert f"waiting pod default/{name}: it could not be made again: 403 Forbidden" in left[0]
    assert plane.api.get(f"{PODS}/{name}")


async def test_a_pod_that_is_held_is_made_again_once_it_is_gone(plane: ControlPlane, api: Api, tmp_path: Path) -> None:
    """As long as its finalizers keep it, there is another one of its name; also after somebody gave it up as failed."""
    held = "example.com/held"
    name = waiting(plane)
    old = plane.api.send("PATCH", f"{PODS}/{name}", {"metadata": {"finalizers": [held]}}, MERGE)["metadata"]["uid"]
    hand_over = HandingOver(api, SCHEDULER, tmp_path).find
    for change in (await hand_over()).changes:
        await change.make()

    for phase in ("Pending", "Failed"):
        plane.api.send("PATCH", f"{PODS}/{name}/status", {"status": {"phase": phase}}, MERGE)
        found = await hand_over()
        assert found.awaited == (f"pod default/{name} is being deleted, and held by its finalizers {held}",)
        assert found.changes == ()
    plane.api.send("PATCH", f"{PODS}/{name}", {"metadata": {"finalizers": None}}, MERGE)
    _, left = await walked(hand_over)

    assert left == []
    assert plane.api.get(f"{PODS}/{name}")["metadata"]["uid"] != old
    assert files(tmp_path) == []


async def test_who_was_interrupted_before_the_deletion_loses_nothing(
    plane: ControlPlane, api: Api, tmp_path: Path
) -> None:
    """The file of a pod that still stands is neither used nor removed while the pod is being deleted."""
    name = waiting(plane)
    hand_over = HandingOver(api, SCHEDULER, tmp_path).find
    manifest = {"kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [CONTAINER]}}
    (tmp_path / f"default.{name}.json").write_text(json.dumps(manifest))

    assert [each.words for each in (await hand_over()).changes] == ["delete pod, to be made again:"]
    await walked(hand_over)
    assert plane.api.get(f"{PODS}/{name}")["spec"]["schedulerName"] == "default-scheduler"
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", ['{"kind": "Pod", "metadata": {"name": "web"}, "spec": {}}', '{"kind": "P', "[]"])
async def test_files_of_others_are_left_alone(api: Api, tmp_path: Path, content: str) -> None:
    """A folder with somebody's manifests is not applied and emptied."""
    file = tmp_path / "web.json"
    file.write_text(content)
    said, left = await walked(HandingOver(api, SCHEDULER, tmp_path).find)

    assert (said, left) == ([], [f"{file} is no pod that was kept here: move it to another folder"])
    assert file.read_text() == content


async def test_a_job_that_began_meanwhile_is_not_suspended(plane: ControlPlane, api: Api) -> None:
    """The scheduler works until the last pod is handed over, and a suspended Job ends those of its pods that run."""
    job = plane.api.send("POST", JOBS, {"metadata": {"name": "begins"}, "spec": {"template": RUNS_ONCE}})
    name = waiting(plane, reference(job, "batch/v1", "Job"))
    hand_over = HandingOver(api, SCHEDULER).find
    (suspension,) = (await hand_over()).changes
    binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": "somewhere"}}
    plane.api.send("POST", f"{PODS}/{name}/binding", binding)
    await suspension.make()

    assert plane.api.get(f"{JOBS}/begins")["spec"]["suspend"] is False
    assert await walked(hand_over) == ([], [])


async def test_a_job_that_failed_makes_no_more_pods(plane: ControlPlane, api: Api) -> None:
    """Its template cannot be changed any more, and need not be."""
    template = {"spec": {**RUNS_ONCE["spec"], "schedulerName": SCHEDULER}}
    plane.api.send("POST", JOBS, {"metadata": {"name": "failed"}, "spec": {"template": template}})
    _, before = await walked(Templates(api, SCHEDULER).find)
    moment = "2026-11-26T12:00:00Z"
    conditions = [
        {"type": each, "status": "True", "lastProbeTime": moment, "lastTransitionTime": moment}
        for each in ("FailureTarget", "Failed")
    ]
    status = {"startTime": moment, "conditions": conditions}
    plane.api.send("PATCH", f"{JOBS}/failed/status", {"status": status}, MERGE)
    _, after = await walked(Templates(api, SCHEDULER).find)

    assert "Job default/failed" in before[0]
    assert not any("default/failed" in each for each in after)

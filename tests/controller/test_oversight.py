"""Pods that slipped through or are stuck, on a real API server with a real webhook that goes away and comes back."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.view import CLASSES_PATH, PROFILES_PATH
from controller.overseeing.recreation import FRUITLESS
from demo.installation import Installation
from placement.keys import INJECTION, REQUESTED_CLASS
from sandbox import ControlPlane
from tests.controller.standing_pods import (
    bind,
    chosen,
    condition,
    deploy,
    events,
    overseen,
    pods,
    profile,
    replicas,
    samples,
    spec,
    treated,
    until,
)
from tests.webhook.hardware import A100_80, GPU, H100
from tests.webhook.real import NAMESPACE, add_namespace, apply_objects, await_answers, create

Json = dict[str, Any]
LATER = "later"
LWS = "leaderworkerset.sigs.k8s.io"
GROUP = {f"{LWS}/name": "a", f"{LWS}/group-index": "0", f"{LWS}/group-key": "k"}


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """Berth's admission side, one node of each of two classes, and profiles; its own controller has ended."""
    with ControlPlane(controller_manager=True) as plane:
        plane.add_nodes([*H100.nodes(1, 4), *A100_80.nodes(1, 4)])
        installation = Installation(plane)
        installation.apply()
        profiles = (profile("slips", onSlipped="Recreate"), profile("waits", onStuck="Recreate"), profile("told"))
        apply_objects(plane, H100.as_class, A100_80.as_class, *profiles)
        add_namespace(plane)
        plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": LATER}})
        installation.start_controller()
        installation.start_webhook()
        await_answers(plane)
        installation.kill("controller")
        yield installation


async def test_what_slips_through_is_told_and_made_anew_once_the_webhook_is_back(berth: Installation) -> None:
    """Waiting replicas are, one after the other; one that is bound, bare, in a group or opted out never."""
    berth.kill("webhook")
    deploy(berth, "slips", 3)
    slips = {each["metadata"]["name"] for each in replicas(berth, "slips", 3)}
    bound = min(slips)
    bind(berth, bound, f"{H100.name}-0")
    deploy(berth, "group", 1, metadata={"labels": {"app": "slips", **GROUP}})
    (group,) = {each["metadata"]["name"] for each in replicas(berth, "slips", 4)} - slips
    create(berth.plane, {"metadata": {"name": "bare", "labels": {"app": "slips"}}, "spec": spec()})
    create(berth.plane, {"metadata": {"name": "out", "labels": {"app": "slips", INJECTION: "false"}}, "spec": spec()})

    async with overseen(berth) as controller:
        await until(berth, lambda: treated(berth).get("message", "").startswith("5 pods"), "the profile tells of five")
        seen = treated(berth)
        away = ("berth_pod_recreations_total", "slipped", "webhook_away")
        await until(berth, lambda: samples(controller).get(away, 0) >= 3, "the webhook is missed")
        counted = samples(controller)
        before = {each["metadata"]["uid"] for each in pods(berth, "slips")}
        await asyncio.to_thread(berth.start_webhook)
        await until(
            berth,
            lambda: sum(chosen(each) != "" for each in pods(berth, "slips")) == 2,
            "the waiting replicas are treated",
        )
        await until(
            berth,
            lambda: treated(berth)["message"].startswith("3 pods"),
            "three are left",
        )

    after = pods(berth, "slips")
    kept = {each["metadata"]["name"] for each in after if each["metadata"]["uid"] in before}
    assert (seen["status"], seen["reason"]) == ("False", "PodsSlippedThrough")
    assert "ml/bare" in seen["message"]
    assert seen["message"].endswith("4 still without a node")
    assert counted["berth_pods_slipped", "waiting"] == 4
    assert counted["berth_pods_slipped", "bound"] == 1
    assert kept == {"bare", "out", bound, group}
    assert len(after) == 6
    told = events(berth, NAMESPACE, "slips")
    assert f"accelerator class {H100.name} as profile slips says" in told["PodsSlippedThrough"]
    assert "PodRecreated" in told
    assert "PodsSlippedThrough" in events(berth, NAMESPACE, "bare")
    assert events(berth, NAMESPACE, "out") == {}


async def test_pods_that_are_older_than_the_label_are_told_of_at_the_class(berth: Installation) -> None:
    """Where no profile matches, the class that they name says so; nothing is deleted, and warn alone tells nothing."""
    deploy(berth, "older", 2, LATER, {"annotations": {REQUESTED_CLASS: A100_80.name}})
    before = {each["metadata"]["uid"] for each in replicas(berth, "older", 2, LATER)}

    def found() -> Json:
        return condition(berth, f"{CLASSES_PATH}/{A100_80.name}", "PodsTreated")

    async with overseen(berth):
        await asyncio.sleep(1)
        unlabelled = found()
        berth.plane.kubectl("label", "namespace", LATER, f"{INJECTION}=enforce")
        seen = await until(berth, found, "the class tells")
        berth.plane.kubectl("label", "namespace", LATER, f"{INJECTION}=warn", "--overwrite")
        await until(berth, lambda: not found(), "the class tells no longer")

    assert unlabelled == {}
    assert seen["message"].startswith("2 pods should have been treated by the webhook and were not: later/older-")
    assert {each["metadata"]["uid"] for each in pods(berth, "older", LATER)} == before
    assert "PodsSlippedThrough" in events(berth, LATER, "older")


async def test_an_owner_whose_new_pods_slip_through_as_well_is_left_alone(berth: Installation) -> None:
    """The webhook answers, but the API server does not call it: nothing is deleted for ever."""
    _call_webhook_for(berth, "enforce-nowhere")
    deploy(berth, "again", 1, metadata={"labels": {"app": "slips", "again": "again"}})
    (first,) = await until(berth, lambda: _again(berth), "a replica")
    made = ("berth_pod_recreations_total", "slipped", "recreated")

    async with overseen(berth) as controller:
        refused = await until(
            berth, lambda: events(berth, NAMESPACE, "again").get("PodsNotRecreated"), "it is given up"
        )
        deleted = samples(controller)[made]
        (last,) = await until(berth, lambda: _again(berth), "a replica")
        await asyncio.sleep(1)
        assert samples(controller)[made] == deleted

    assert refused == f"waiting pods of it (slipped) are not made anew: new ones came out no better {FRUITLESS} times"
    assert FRUITLESS < deleted <= FRUITLESS + 3
    assert first["metadata"]["uid"] != last["metadata"]["uid"]
    assert _again(berth)[0]["metadata"]["uid"] == last["metadata"]["uid"]
    _call_webhook_for(berth, "enforce")
    berth.plane.kubectl("delete", "deployment", "again", "-n", NAMESPACE, "--cascade=foreground")


def _again(berth: Installation) -> list[Json]:
    found: list[Json] = berth.plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=again")["items"]
    return found


def _call_webhook_for(berth: Installation, mode: str) -> None:
    """Let the API server call the webhook for namespaces in a mode alone, and wait until it does or does not."""
    name = "accelerators.berth.ome.io"
    change = {"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": {"matchLabels": {INJECTION: mode}}}
    berth.plane.kubectl("patch", "mutatingwebhookconfiguration", name, "--type=json", "-p", json.dumps([change]))
    berth.plane.wait(lambda: (_would_get(berth, "slips") != "") == (mode == "enforce"), 20, "the selector counts")


@pytest.mark.parametrize("app", ["told", "waits"])
async def test_a_pod_whose_class_is_full_is_told_of_and_made_anew_where_its_profile_says_so(
    berth: Installation, app: str
) -> None:
    """Both classes are named; the new pod gets the one that has room."""
    await until(berth, lambda: _would_get(berth, app) == H100.name, "the preferred class has room")
    deploy(berth, app, 1)
    (pod,) = replicas(berth, app, 1)
    full = {"metadata": {"name": "full"}, "spec": spec(nodeName=f"{H100.name}-0")}
    full["spec"]["containers"][0]["resources"]["limits"][GPU] = "3"
    berth.plane.api.send("POST", "/api/v1/namespaces/default/pods", full)
    await until(berth, lambda: _would_get(berth, app) == A100_80.name, "the preferred class is full")
    _refuse(berth, pod["metadata"]["name"])

    async with overseen(berth) as controller:
        told = await until(berth, lambda: events(berth, NAMESPACE, app).get("PodsStuck"), "the owner is told")
        if app == "told":
            seen = await until(
                berth, lambda: condition(berth, f"{PROFILES_PATH}/told", "PodsPlaced"), "and the profile"
            )
        else:
            await until(berth, lambda: [chosen(each) for each in pods(berth, app)] == [A100_80.name], "it is made anew")
            await until(berth, lambda: not samples(controller)["berth_pods_stuck",], "none is stuck")
            await until(berth, lambda: "PodRecreated" in events(berth, NAMESPACE, app), "the owner is told again")
        counted = samples(controller)

    assert chosen(pod) == H100.name
    assert told == f"pods of it wait for accelerator class {H100.name}, while {A100_80.name} has room"
    if app == "told":
        assert [each["metadata"]["uid"] for each in pods(berth, app)] == [pod["metadata"]["uid"]]
        assert counted["berth_pods_stuck",] == 1
        name = pod["metadata"]["name"]
        assert seen["message"] == f"1 pod waits for {H100.name} while {A100_80.name} has room: ml/{name}"
    berth.plane.kubectl("delete", "deployment", app, "-n", NAMESPACE, "--cascade=foreground")
    berth.plane.kubectl("delete", "pod", "full", "-n", "default", "--force", "--grace-period=0")


def _would_get(berth: Installation, app: str) -> str:
    pod = {"metadata": {"name": "probe", "labels": {"app": app}}, "spec": spec()}
    return create(berth.plane, pod, query="?dryRun=All").chosen


def _refuse(berth: Installation, name: str) -> None:
    """Say of a pod what a scheduler says that finds no node."""
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}
    patch = json.dumps({"status": {"conditions": [refused]}})
    berth.plane.kubectl("patch", "pod", name, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch)

"""Berth is taken out of a real cluster that uses it in every way, and nothing of it is left."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.installation import NAMESPACE, Installation
from placement.keys import CHOSEN_CLASS, DEVICES, PLACEMENT
from placement.shares import SHARES
from sandbox import ControlPlane
from tests.berth.uninstalling import (
    Json,
    Kubelet,
    Uninstallation,
    bare,
    deployment,
    everything,
    exists,
    growing,
    job,
    pods,
    traces,
)
from tests.kueue.cluster import Kueue
from tests.webhook.hardware import GPU, H100
from tests.webhook.real import add_namespace, apply_objects, await_answers

SHARED_NODE = "shared-0"


@dataclass(frozen=True, slots=True)
class Scene:
    """A cluster with Berth, its admin's command, and the pod that runs."""

    plane: ControlPlane
    berth: Installation
    uninstall: Uninstallation

    def pod(self, name: str) -> Json:
        """Return the only pod of a workload, once there is one."""
        return self.plane.wait(lambda: pods(self.plane, name), 30, f"{name} has a pod")[0]

    def placed(self, name: str) -> Json:
        """Return it once it runs."""
        return self.plane.wait(lambda: self.running(name), 60, f"the pod of {name} runs")

    def running(self, name: str) -> Json:
        """Return a pod of a workload that runs, empty where none does."""
        return next((each for each in pods(self.plane, name) if each["status"].get("phase") == "Running"), {})


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Eight GPUs of which one is in use, and pods that wait for all eight; a node in shares; flavors of Kueue."""
    with ControlPlane(controller_manager=True) as plane:
        berth = Installation(plane)
        plane.start_stock_scheduler()
        plane.add_nodes([*fake(H100.nodes(1)), *fake([shared_node()])])
        berth.apply()
        kueue = Kueue(plane)
        kueue.install()
        add_namespace(plane)
        named = {"integration": {"kueueResourceFlavor": "h100"}}
        apply_objects(plane, {**H100.as_class, "spec": {**H100.as_class["spec"], **named}})
        berth.start_controller()
        berth.start_webhook()
        await_answers(plane)
        berth.start_extender()
        berth.start_scheduler()
        with Kubelet(berth):
            scene = Scene(plane, berth, Uninstallation(plane))
            fill(scene, kueue)
            yield scene


def fill(scene: Scene, kueue: Kueue) -> None:
    """Let Berth do something of all that it does."""
    plane = scene.plane
    apply_objects(plane, deployment("serves", 1))
    placed = scene.placed("serves")
    plane.wait(lambda: PLACEMENT in scene.pod("serves")["metadata"]["annotations"], 30, "the placement is told")
    assert placed["spec"]["schedulerName"] == "berth-scheduler"
    apply_objects(plane, deployment("waits", 8), job("counts", 8, 2), bare("alone", 8), slice_pod())
    plane.wait(lambda: len(waiting(plane, "berth-scheduler")) == 4, 60, "pods wait")
    plane.wait(lambda: DEVICES in pod(plane, "slice")["metadata"].get("annotations", {}), 30, "the share is given")
    plane.wait(lambda: kueue.found_flavor("h100"), 30, "the flavor is made")
    plane.kubectl("annotate", "node", SHARED_NODE, "berth.ome.io/touched=now")
    plane.kubectl(
        "taint", "node", SHARED_NODE, "berth.ome.io/scheduler=berth-scheduler:NoSchedule", "team=a:NoSchedule"
    )
    plane.kubectl("patch", "acceleratorclass", H100.name, "--type=merge", '--patch={"spec":{"cost":{"tier":"high"}}}')


def fake(nodes: list[Json]) -> list[Json]:
    """Return nodes on which kwok runs pods."""
    return [{**each, "metadata": {**each["metadata"], "annotations": {"kwok.x-k8s.io/node": "fake"}}} for each in nodes]


def shared_node() -> Json:
    """Return a node that offers its two devices in shares, by the wish of its label."""
    capacity = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    metadata = {"name": SHARED_NODE, "labels": {"berth.ome.io/shares": "2"}}
    status = {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": metadata, "status": status}


def slice_pod() -> Json:
    """Return a pod that asks for a quarter of a device."""
    pod = bare("slice", 0)
    pod["metadata"].pop("annotations")
    pod["spec"]["schedulerName"] = "berth-scheduler"
    pod["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1", "memory": "1Gi", SHARES: "250"}}
    return pod


def pod(plane: ControlPlane, name: str) -> Json:
    """Return a pod of nobody."""
    return plane.api.get(f"/api/v1/namespaces/ml/pods/{name}")


def waiting(plane: ControlPlane, scheduler: str) -> list[Json]:
    """Return the pods of one namespace for which a scheduler found no node."""
    path = f"/api/v1/namespaces/ml/pods?fieldSelector=spec.nodeName=,spec.schedulerName={scheduler}"
    return [each for each in plane.api.get(path)["items"] if is_refused(each)]


def is_refused(found: Json) -> bool:
    """Tell whether a scheduler found no node for a pod."""
    return any(each.get("reason") == "Unschedulable" for each in found["status"].get("conditions", ()))


def state(plane: ControlPlane) -> dict[str, str]:
    """Return the version of every object that programs do not change all the time."""
    restless = ("/leases/", "/events/", "/nodes/", "/acceleratorclasses/")
    kept = {path: each for path, each in everything(plane).items() if not any(word in path for word in restless)}
    return {path: each["metadata"]["resourceVersion"] for path, each in kept.items()}


def test_a_dry_run_changes_nothing_and_tells_all(scene: Scene) -> None:
    """It names what would be deleted, and who stands in the way."""
    before = state(scene.plane)
    code, said = scene.uninstall.run("--dry-run", "--delete-definitions")

    assert code == 1
    for line in (
        "would delete MutatingWebhookConfiguration accelerators.berth.ome.io",
        f"would delete Deployment {NAMESPACE}/berth-controller",
        "would delete pod, for its owner to make anew: ml/waits-",
        "would suspend for a moment Job ml/counts",
        "would delete ResourceFlavor h100",
        "would take label berth.ome.io/injection off namespace ml",
        "left: pods ml/slice hold shares of devices",
        "left: waiting pod ml/alone: nobody would make it again",
        f"would delete Namespace {NAMESPACE}",
    ):
        assert line in said
    assert state(scene.plane) == before


def test_pods_with_shares_stand_in_the_way(scene: Scene) -> None:
    """Nobody else can give them their devices, so nothing is begun while they are there."""
    before = state(scene.plane)
    code, said = scene.uninstall.run("--delete-definitions")

    assert (code, "left: pods ml/slice hold shares" in said) == (1, True)
    assert "nothing that comes later was done" in said
    assert state(scene.plane) == before
    scene.plane.kubectl("delete", "pod", "slice", "--namespace=ml", "--grace-period=0", "--force")


def test_who_may_not_end_it_does_not_begin(scene: Scene) -> None:
    """Somebody without an administrator's rights is told what is missing."""
    tenant = scene.plane.kubeconfig_for_user("tenant")
    code, said = scene.uninstall.run(kubeconfig=tenant)

    assert code == 1
    assert "left: your account may not delete mutatingwebhookconfigurations" in said
    assert exists(scene.plane, "mutatingwebhookconfiguration", "accelerators.berth.ome.io")


def test_an_interrupted_one_is_taken_up_again(scene: Scene) -> None:
    """What waits is handed over without a failure counted, and the scheduler stays for whom nobody would make again.

    Nobody who comes meanwhile is forgotten.
    """
    plane, served = scene.plane, scene.pod("serves")
    with growing(plane, "waits"):
        scene.uninstall.interrupt("suspend for a moment Job ml/counts")
        code, said = scene.uninstall.run("--delete-definitions")

    assert code == 1
    assert "left: waiting pod ml/alone: nobody would make it again" in said
    count = plane.get_json("deployment", "waits", "ml")["spec"]["replicas"] + 2
    plane.wait(lambda: len(waiting(plane, "default-scheduler")) == count, 30, "pods wait for the default scheduler")
    assert [each["metadata"]["name"] for each in waiting(plane, "berth-scheduler")] == ["alone"]
    assert "failed" not in plane.get_json("job", "counts", "ml")["status"]
    assert all(CHOSEN_CLASS not in each["metadata"]["annotations"] for each in waiting(plane, "default-scheduler"))
    assert exists(plane, "deployment", "berth-scheduler", f"--namespace={NAMESPACE}")
    assert scene.pod("serves") == served


def test_nothing_is_left(scene: Scene, tmp_path: Path) -> None:
    """No object of any kind speaks of Berth, who ran still runs, who waited waits for somebody else."""
    plane, served = scene.plane, scene.pod("serves")
    code, said = scene.uninstall.run("--delete-definitions", f"--replace-bare-pods={tmp_path}")

    assert (code, said.splitlines()[-1]) == (0, "nothing else of Berth is left"), said
    assert traces(plane) == []
    after = scene.pod("serves")
    assert [after["metadata"]["uid"], after["spec"], after["status"]] == [
        served["metadata"]["uid"],
        served["spec"],
        served["status"],
    ]
    assert pod(plane, "alone")["spec"]["schedulerName"] == "default-scheduler"
    assert list(tmp_path.iterdir()) == []
    assert SHARES not in plane.api.get(f"/api/v1/nodes/{SHARED_NODE}")["status"]["capacity"]


def test_pods_are_created_and_placed_as_before(scene: Scene) -> None:
    """A pod of the same namespace is what its author wrote, and those that waited are placed once there is room."""
    plane = scene.plane
    apply_objects(plane, bare("new", 0))
    created = pod(plane, "new")

    assert created["metadata"]["annotations"].keys() == bare("new", 0)["metadata"]["annotations"].keys()
    assert "nodeSelector" not in created["spec"]
    assert "affinity" not in created["spec"]
    plane.kubectl("taint", "node", f"{H100.name}-0", f"{GPU}-")
    plane.kubectl("delete", "deployment", "serves", "--namespace=ml")
    plane.wait(lambda: scene.running("waits") or scene.running("counts") or scene.running("alone"), 60, "one has room")


def test_once_more_finds_nothing_to_do(scene: Scene) -> None:
    """Whoever is not sure may ask again."""
    said = f"cluster {scene.plane.url}\nnothing else of Berth is left\n"
    assert scene.uninstall.run("--delete-definitions") == (0, said)

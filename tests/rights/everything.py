"""A cluster in which Berth has to do everything that it ever does: each story is there for the rights that it takes."""

import json
import ssl
from functools import partial
from typing import Any
from urllib.request import Request, urlopen

import pytest

from demo.installation import NAMESPACE, Installation
from demo.stage import engine_pod
from placement.keys import INJECTION, SHARED
from placement.shares import SHARES
from sandbox import ControlPlane, KubectlError
from tests.controller.node_pools import DEFINITION
from tests.kueue.cluster import DEFINITIONS as OF_KUEUE
from tests.kueue.cluster import Kueue
from tests.ome.stories import DEFINITIONS as OF_OME
from tests.webhook.hardware import A100_80, GPU, H100

TEAM = "team"
LABELS = {"app": "engine"}
# On a machine that does much else.
PATIENCE_SECONDS = 90.0
MERGE = "application/merge-patch+json"
# Sooner than an operator would want it.
CONTROLLER = ("--interval-seconds=0.5", "--recreations-per-minute=600", "--discovery-retention-hours=0.0001")
_PODS = f"/api/v1/namespaces/{TEAM}/pods"
_PROFILE = {
    "apiVersion": "berth.ome.io/v1alpha1",
    "kind": "AcceleratorProfile",
    "metadata": {"name": "engines"},
    "spec": {
        "podSelector": {"matchLabels": LABELS},
        "acceleratorRequirements": {"preferredClasses": [H100.name]},
        "onSlipped": "Recreate",
    },
}

Json = dict[str, Any]


def happen(berth: Installation) -> None:
    """Install Berth in a cluster with everything that it knows, and let everything happen."""
    _prepare(berth)
    _slip(berth.plane)
    berth.start_controller(*CONTROLLER)
    berth.start_webhook()
    berth.start_extender()
    berth.start_scheduler()
    _schedule(berth.plane)
    _wait_for_room(berth.plane)
    _trespass(berth.plane)
    _fail(berth.plane)
    _preempt(berth.plane)
    _lose_hardware(berth.plane)
    _link_a_flavor(berth.plane)
    _ask_the_webhook(berth)
    _damage_certificates(berth)


def _prepare(berth: Installation) -> None:
    """Nodes, the definitions of OME, Kueue and Karpenter, a class and a profile, and a namespace that opted in."""
    plane = berth.plane
    plane.add_nodes([*H100.nodes(1), *A100_80.nodes(1), _shared_node(), _rare_node()])
    plane.apply("\n---\n".join((OF_OME.read_text(), OF_KUEUE.read_text(), json.dumps(DEFINITION))))
    berth.apply()
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    plane.apply("\n---\n".join(json.dumps(each) for each in (H100.as_class, _PROFILE)))
    plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": TEAM, "labels": {INJECTION: "enforce"}}})


def _shared_node() -> Json:
    """A node of four devices that is to offer shares of them."""
    return _node("shared", {SHARED: "true"}, "0")


def _rare_node() -> Json:
    """A node of which a class is discovered."""
    product = {"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.memory": "23034", "nvidia.com/gpu.count": "4"}
    return _node("rare", {"nvidia.com/gpu.present": "true", **product}, "4")


def _node(name: str, labels: Json, free: str) -> Json:
    amounts = {"cpu": "32", "memory": "256Gi", "pods": "110", GPU: "4"}
    ready = [{"type": "Ready", "status": "True"}]
    status = {"capacity": amounts, "allocatable": {**amounts, GPU: free}, "conditions": ready}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def _slip(plane: ControlPlane) -> None:
    """Pods of a ReplicaSet, a StatefulSet and a Job are made while no webhook is there: they are to be made anew."""
    for kind, group in (("ReplicaSet", "apps"), ("StatefulSet", "apps"), ("Job", "batch")):
        owner = _owner(plane, kind, group)
        pod = engine_pod(f"slipped-{kind.lower()}", labels=LABELS)
        pod["metadata"]["ownerReferences"] = [owner]
        plane.api.send("POST", _PODS, pod)


def _owner(plane: ControlPlane, kind: str, group: str) -> Json:
    version = f"{group}/v1"
    template = {"metadata": {"labels": LABELS}, "spec": engine_pod("engine", resources={GPU: "1"})["spec"]}
    more: Json = {"selector": {"matchLabels": LABELS}, "replicas": 1}
    if kind == "Job":
        template["spec"]["restartPolicy"], more = "Never", {}
    if kind == "StatefulSet":
        more["serviceName"] = "engine"
    path = f"/apis/{version}/namespaces/{TEAM}/{kind.lower()}s"
    made = plane.api.send("POST", path, {"metadata": {"name": "engine"}, "spec": {"template": template, **more}})
    return {"apiVersion": version, "kind": kind, "name": "engine", "uid": made["metadata"]["uid"], "controller": True}


def _schedule(plane: ControlPlane) -> None:
    """A pod with a whole device, and one whose volume waits for its node."""
    plane.wait(lambda: SHARES in _status(plane, "shared")["capacity"], PATIENCE_SECONDS, "a node offers shares")
    plane.api.send("POST", _PODS, engine_pod("whole", accelerator_class=H100.name))
    _claim_a_volume(plane)
    _await_node(plane, "whole")


def _share(name: str, milli: int) -> Json:
    pod = engine_pod(name, resources={SHARES: str(milli)})
    pod["spec"]["schedulerName"] = "berth-scheduler"
    return pod


def _claim_a_volume(plane: ControlPlane) -> None:
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"}}
    plane.apply(json.dumps({**kind, "provisioner": "example.com/none", "volumeBindingMode": "WaitForFirstConsumer"}))
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "late",
    }
    path = f"/api/v1/namespaces/{TEAM}/persistentvolumeclaims"
    plane.api.send("POST", path, {"metadata": {"name": "weights"}, "spec": claim})
    pod = engine_pod("claiming", accelerator_class=H100.name)
    pod["spec"]["volumes"] = [{"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}]
    plane.api.send("POST", _PODS, pod)


def _wait_for_room(plane: ControlPlane) -> None:
    """A share fits on no device, though enough is left of all: an Event tells; then one is given back."""
    for name in ("most-0", "most-1", "most-2", "most-3"):
        plane.api.send("POST", _PODS, _share(name, 700))
        _await_node(plane, name)
    plane.api.send("POST", _PODS, _share("waiting", 800))
    plane.wait(lambda: _events(plane, "waiting"), PATIENCE_SECONDS, "it is told why a pod waits")
    plane.api.send("DELETE", f"{_PODS}/most-0", {"gracePeriodSeconds": 0})


def _trespass(plane: ControlPlane) -> None:
    """Somebody else binds more to a node than it has."""
    node = A100_80.nodes(1)[0]["metadata"]["name"]
    for index in range(2):
        pod = engine_pod(f"foreign-{index}", labels={INJECTION: "false"}, resources={GPU: "8"})
        pod["spec"]["nodeName"] = node
        plane.api.send("POST", _PODS, pod)


def _fail(plane: ControlPlane) -> None:
    """A node rejects a pod that it was given."""
    plane.api.send("POST", _PODS, engine_pod("rejected", accelerator_class=H100.name))
    _await_node(plane, "rejected")
    status = {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "no device"}
    plane.api.send("PATCH", f"{_PODS}/rejected/status", {"status": status}, MERGE)


def _preempt(plane: ControlPlane) -> None:
    """kube-scheduler evicts a pod for a more important one, and says so in the status of both."""
    kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "urgent"}}
    plane.apply(json.dumps({**kind, "value": 1000}))
    plane.add_nodes([_node("small", {"pool": "small"}, "0")])
    for name, priority in (("lesser", ""), ("urgent", "urgent")):
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "30"}}}
        spec = {"schedulerName": "berth-scheduler", "nodeSelector": {"pool": "small"}, "priorityClassName": priority}
        pod = {"metadata": {"name": name, "labels": {INJECTION: "false"}}, "spec": {**spec, "containers": [container]}}
        plane.api.send("POST", _PODS, pod)
        plane.wait(partial(_has_place, plane, name), PATIENCE_SECONDS, f"{name} has or is given a node")


def _has_place(plane: ControlPlane, name: str) -> bool:
    pod = plane.api.get(f"{_PODS}/{name}")
    return bool(pod["spec"].get("nodeName") or pod["status"].get("nominatedNodeName"))


def _damage_certificates(berth: Installation) -> None:
    """Once nobody asks the webhook any more, both Secrets lose what they hold, and are written anew."""
    berth.plane.wait(lambda: "slipped" not in str(berth.plane.api.get(_PODS)), PATIENCE_SECONDS, "pods are made anew")
    for name in ("berth-authority", "berth-webhook-tls"):
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}"
        berth.plane.api.send("PATCH", path, {"data": {"tls.crt": "", "tls.key": ""}}, MERGE)


def _lose_hardware(plane: ControlPlane) -> None:
    """The only node of a discovered class goes, and with it the class."""
    plane.wait(lambda: "nvidia-l4" in str(_classes(plane)), PATIENCE_SECONDS, "a class is discovered")
    plane.kubectl("delete", "node", "rare")


def _link_a_flavor(plane: ControlPlane) -> None:
    """A class names a flavor, which is made of it, and changes."""
    kueue = Kueue(plane)
    kueue.accelerator_class("linked", {"pool": "linked"}, "linked")
    plane.wait(lambda: kueue.found_flavor("linked"), PATIENCE_SECONDS, "the flavor is made")
    kueue.edit_class("linked", discovery={"nodeSelector": {"pool": "linked", "zone": "a"}})


def _ask_the_webhook(berth: Installation) -> None:
    """About a pod of a namespace that no watch has told of yet, and a profile with a class that none has."""
    pod = {**engine_pod("early"), "metadata": {"name": "early", "namespace": "unseen"}}
    request = {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": "CREATE",
        "namespace": "unseen",
        "object": pod,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    url = f"https://localhost:{berth.port('webhook', 'webhook')}/mutate"
    body = Request(url, json.dumps(review).encode(), {"Content-Type": "application/json"})
    with urlopen(body, timeout=10, context=ssl._create_unverified_context()) as answer:  # noqa: S323, SLF001 - loopback.
        assert json.loads(answer.read())["response"]["allowed"]
    spec = {
        "podSelector": {"matchLabels": {"app": "hopeful"}},
        "acceleratorRequirements": {"preferredClasses": ["nowhere"]},
    }
    with pytest.raises(KubectlError, match="which this cluster does not have"):
        berth.plane.apply(json.dumps({**_PROFILE, "metadata": {"name": "hopeful"}, "spec": spec}))


def _await_node(plane: ControlPlane, name: str) -> None:
    plane.wait(lambda: plane.api.get(f"{_PODS}/{name}")["spec"].get("nodeName"), PATIENCE_SECONDS, f"{name} has a node")


def _status(plane: ControlPlane, node: str) -> Json:
    status: Json = plane.api.get(f"/api/v1/nodes/{node}")["status"]
    return status


def _events(plane: ControlPlane, name: str) -> list[Json]:
    path = f"/apis/events.k8s.io/v1/namespaces/{TEAM}/events"
    return [each for each in plane.api.get(path)["items"] if each["regarding"]["name"] == name]


def _classes(plane: ControlPlane) -> list[str]:
    found = plane.api.get("/apis/ome.io/v1beta1/acceleratorclasses")["items"]
    return [each["metadata"]["name"] for each in found]

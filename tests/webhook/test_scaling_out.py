"""A hundred replicas at once, made by a real ReplicaSet and placed by the whole installation."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demo.installation import Installation
from placement.keys import CHOSEN_CLASS
from sandbox import ControlPlane
from tests.ome.stories import DEFINITIONS
from tests.webhook.hardware import A100_80, H100
from tests.webhook.ome_pods import ome_pod
from tests.webhook.real import add_namespace, apply_objects, await_answers, create, install_ome
from tests.webhook.turns import in_turn

Json = dict[str, Any]
REPLICAS = 100
FREE_OF_PREFERRED = 8
IMAGE = "vllm/vllm-openai:v0.33.0"
RUNTIME = {
    "apiVersion": "ome.io/v1beta1",
    "kind": "ClusterServingRuntime",
    "metadata": {"name": "late"},
    "spec": {"acceleratorRequirements": {"acceleratorClasses": [A100_80.name]}},
}


def _profile(name: str, *configured: str) -> Json:
    """Return a profile that prefers H100s; what it configures differs by class."""
    return {
        "apiVersion": "berth.ome.io/v1alpha1",
        "kind": "AcceleratorProfile",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "acceleratorRequirements": {"preferredClasses": [H100.name, A100_80.name]},
            "acceleratorConfigurations": [
                {"selector": {"acceleratorClass": each}, "env": [{"name": "MADE_FOR", "value": each}]}
                for each in configured
            ],
        },
    }


@pytest.fixture(scope="module")
def berth() -> Iterator[Installation]:
    """The whole installation: one node with 8 free H100s, 25 nodes with 200 A100s."""
    with ControlPlane(controller_manager=True) as plane:
        plane.add_nodes([*H100.nodes(1, FREE_OF_PREFERRED), *A100_80.nodes(25)])
        installation = Installation(plane)
        installation.apply()
        apply_objects(
            plane, H100.as_class, A100_80.as_class, _profile("open"), _profile("apart", H100.name, A100_80.name)
        )
        add_namespace(plane)
        installation.start_controller("--no-discovery")  # the classes are the test's own
        installation.start_webhook()
        installation.start_extender()
        installation.start_scheduler()
        await_answers(plane)
        yield installation


@contextmanager
def _scaled(plane: ControlPlane, app: str) -> Iterator[list[Json]]:
    """Create a ReplicaSet and give its pods once each has a node or is refused one; nothing is left of them after."""
    labels = {"app": app}
    spec = {"containers": [{"name": "vllm", "image": IMAGE, "args": ["--model=m"]}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    replica_set = {
        "metadata": {"name": app},
        "spec": {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template},
    }
    plane.api.send("POST", "/apis/apps/v1/namespaces/ml/replicasets", replica_set)
    yield plane.wait(lambda: _settled(_pods(plane, app)), 60, f"all replicas of {app} are settled")
    plane.kubectl("delete", "replicaset", app, "--namespace=ml", "--cascade=foreground")


def _pods(plane: ControlPlane, app: str) -> list[Json]:
    pods: list[Json] = plane.api.get(f"/api/v1/namespaces/ml/pods?labelSelector=app%3D{app}")["items"]
    return pods


def _settled(pods: list[Json]) -> list[Json]:
    """Return the pods once each runs, or is told that it must wait."""
    settled = [each for each in pods if each["status"]["phase"] == "Running" or _is_refused(each)]
    return pods if len(settled) == REPLICAS else []


def _is_refused(pod: Json) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any((each["type"], each["status"]) == ("PodScheduled", "False") for each in conditions)


def _kinds(pods: list[Json]) -> Counter[str]:
    """Return how many pods stand on each kind of node, and without a name how many on none."""
    return Counter(each["spec"].get("nodeName", "").rpartition("-")[0] for each in pods)


def test_left_open_all_run_and_the_preferred_class_is_full(berth: Installation) -> None:
    """What injects the same is decided with the node: not one replica waits behind the eight free devices."""
    with _scaled(berth.plane, "open") as pods:
        chosen = {each["metadata"]["annotations"][CHOSEN_CLASS] for each in pods}

    assert chosen == {f"{H100.name},{A100_80.name}"}
    assert _kinds(pods) == {H100.name: FREE_OF_PREFERRED, A100_80.name: REPLICAS - FREE_OF_PREFERRED}


def test_made_apart_all_run_and_none_waits(berth: Installation) -> None:
    """Where each pod gets one class when it is created, the ninth takes the next class instead of waiting."""
    _await_room(berth.plane)
    with _scaled(berth.plane, "apart") as pods:
        chosen = Counter(each["metadata"]["annotations"][CHOSEN_CLASS] for each in pods)

    assert 0 < chosen[H100.name] <= FREE_OF_PREFERRED
    assert chosen.total() == REPLICAS
    assert _kinds(pods) == chosen


def test_two_webhooks_in_turn_leave_none_waiting(berth: Installation) -> None:
    """Two replicas learn of each other's pods by the API alone, and reckon with what they do not see yet."""
    first = berth.port("webhook", "webhook")
    berth.start_webhook()
    second = berth.port("webhook", "webhook")
    with in_turn(first, second) as port:
        _point_at(berth.plane, port)
        _await_room(berth.plane)
        with _scaled(berth.plane, "apart") as pods:
            chosen = Counter(each["metadata"]["annotations"][CHOSEN_CLASS] for each in pods)
    _point_at(berth.plane, second)

    assert chosen.total() == REPLICAS
    assert 0 < chosen[H100.name] <= FREE_OF_PREFERRED
    assert _kinds(pods) == chosen


def test_omes_definitions_come_and_go_while_the_webhook_runs(berth: Installation) -> None:
    """OME may be installed after Berth and removed before it: nothing is restarted, and pods are created throughout."""
    _await_room(berth.plane)
    pod = ome_pod("llama", runtime="late")
    before = create(berth.plane, pod, query="?dryRun=All")

    install_ome(berth.plane)
    apply_objects(berth.plane, RUNTIME)
    berth.plane.wait(lambda: create(berth.plane, pod, query="?dryRun=All").chosen, 20, "the runtime is seen")
    berth.plane.kubectl("delete", "--filename", str(DEFINITIONS))
    berth.plane.wait(lambda: not create(berth.plane, pod, query="?dryRun=All").chosen, 20, "the runtime is gone")
    after = create(berth.plane, pod)

    assert before.chosen == after.chosen == ""
    assert before.warnings == after.warnings == []
    berth.plane.check()


def _point_at(plane: ControlPlane, port: int) -> None:
    """Let the API server ask at another port."""
    change = {"op": "replace", "path": "/webhooks/0/clientConfig/url", "value": f"https://localhost:{port}/mutate"}
    kind = ("mutatingwebhookconfiguration", "accelerators.berth.ome.io")
    plane.kubectl("patch", *kind, "--type=json", f"--patch={json.dumps([change])}")


def _await_room(plane: ControlPlane) -> None:
    """Wait until the webhook has seen that the preferred class is free."""
    pod = {
        "metadata": {"name": "probe", "labels": {"app": "apart"}},
        "spec": {"containers": [{"name": "vllm", "image": IMAGE}]},
    }
    plane.wait(lambda: create(plane, pod, query="?dryRun=All").chosen == H100.name, 20, "the preferred class is free")

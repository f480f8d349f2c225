"""Who may write what of Berth's on pods and nodes, as a real API server judges by the shipped policies."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from placement.keys import CHOSEN_CLASS, DECISION, DEVICES, PLACEMENT, TOUCHED
from sandbox import ControlPlane, KubectlError

NUMBERS = count()
NAMESPACE = "berth-system"
SCHEDULER = "berth-scheduler"
RUNNING = {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]}

Patch = Callable[..., str]


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane, manifests: Path) -> ControlPlane:
    """The control plane with the base in it, and a tenant who may do anything with pods of the namespace `team`."""
    control_plane.kubectl("apply", "--server-side", "-k", str(manifests / "base"))
    control_plane.kubectl("create", "namespace", "team")
    control_plane.kubectl("create", "role", "tenant", "--verb=*", "--resource=pods", "--namespace=team")
    control_plane.kubectl("create", "rolebinding", "tenant", "--role=tenant", "--user=tenant", "--namespace=team")
    wait_for_policies(control_plane)
    return control_plane


def wait_for_policies(plane: ControlPlane) -> None:
    """Wait until the API server judges by both policies, of which it learns by its own watch."""
    plane.kubectl("create", "-f", "-", stdin=json.dumps(pod("probe")))
    plane.api.send("POST", "/api/v1/nodes", {"metadata": {"name": "probe"}})
    scheduler = plane.kubeconfig_for_service_account(NAMESPACE, SCHEDULER)

    def are_judged() -> bool:
        tenant = plane.kubeconfig_for_user("tenant")
        by_tenant = refusal(plane, tenant, "pod/probe", {DEVICES: f"example.com/gpu:{next(NUMBERS)}"})
        by_scheduler = refusal(plane, scheduler, "node/probe", {"other": str(next(NUMBERS))}, "")
        return "only Berth" in by_tenant and "may change no" in by_scheduler

    plane.wait(are_judged, 30, "both policies are in force")


def pod(name: str, **annotations: str) -> dict[str, Any]:
    """Return a pod of the tenant's."""
    metadata = {"name": name, "namespace": "team", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": RUNNING}


def refusal(
    plane: ControlPlane, who: Path | None, what: str, annotations: dict[str, str | None], namespace: str = "team"
) -> str:
    """Return why somebody may not set annotations, empty where they may."""
    patch = json.dumps({"metadata": {"annotations": annotations}})
    return refused(plane, who, "patch", what, "--type=merge", f"--patch={patch}", f"--namespace={namespace}")


def refused(plane: ControlPlane, who: Path | None, *arguments: str, stdin: str = "") -> str:
    """Return what the API server says to somebody whom it refuses something."""
    try:
        plane.kubectl(*arguments, stdin=stdin, kubeconfig=who)
    except KubectlError as error:
        return error.stderr
    return ""


@pytest.fixture
def placed(installed: ControlPlane) -> Iterator[str]:
    """A pod with everything that Berth writes."""
    name = f"pod-{next(NUMBERS)}"
    installed.kubectl("create", "-f", "-", stdin=json.dumps(pod(name, **{CHOSEN_CLASS: "l4", DECISION: "{}"})))
    installed.kubectl("label", "pod", name, f"{CHOSEN_CLASS}=l4", "--namespace=team")
    assert refusal(installed, None, f"pod/{name}", {PLACEMENT: "{}", DEVICES: "example.com/gpu:0"}) == ""
    yield f"pod/{name}"
    installed.kubectl("delete", "pod", name, "--namespace=team", "--force", "--grace-period=0")


@pytest.mark.parametrize("key", [CHOSEN_CLASS, DECISION, PLACEMENT, DEVICES])
@pytest.mark.parametrize("value", ["other", None], ids=["changed", "removed"])
def test_a_tenant_cannot_change_what_berth_wrote(
    installed: ControlPlane, placed: str, key: str, value: str | None
) -> None:
    """Anything else is the tenant's to do."""
    tenant = installed.kubeconfig_for_user("tenant")

    change: dict[str, str | None] = {key: value}
    said = refusal(installed, tenant, placed, change)

    assert f"only Berth writes {key} on pods: leave it as it is" in said
    assert refusal(installed, tenant, placed, {"team.example.com/note": "mine"}) == ""


def test_a_tenant_cannot_change_the_label(installed: ControlPlane, placed: str) -> None:
    """People select by it."""
    tenant = installed.kubeconfig_for_user("tenant")

    assert "only Berth writes" in refused(
        installed, tenant, "label", placed, f"{CHOSEN_CLASS}=h100", "--overwrite", "--namespace=team"
    )
    assert refused(installed, tenant, "label", placed, "team=mine", "--namespace=team") == ""


@pytest.mark.parametrize("key", [PLACEMENT, DEVICES])
def test_nobody_creates_a_pod_that_says_where_it_stands(installed: ControlPlane, key: str) -> None:
    """Devices are given at the binding, by whoever keeps their account."""
    tenant = installed.kubeconfig_for_user("tenant")
    bold = json.dumps(pod(f"bold-{next(NUMBERS)}", **{key: "example.com/gpu:0"}))

    assert f"only Berth writes {key} on pods" in refused(installed, tenant, "create", "-f", "-", stdin=bold)


def test_the_scheduler_annotates_pods_and_changes_nothing_else_of_them(installed: ControlPlane, placed: str) -> None:
    """A stolen token runs no image of its own in anybody's pod, and frees none of anybody's finalizers."""
    scheduler = installed.kubeconfig_for_service_account(NAMESPACE, SCHEDULER)

    assert refusal(installed, scheduler, placed, {PLACEMENT: "{ }", DEVICES: "example.com/gpu:1"}) == ""
    changes: list[dict[str, str | None]] = [{"team.example.com/note": "x"}, {CHOSEN_CLASS: "h100"}, {DECISION: None}]
    for annotations in changes:
        said = refusal(installed, scheduler, placed, annotations)
        assert "may change no annotation but berth.ome.io/placement and berth.ome.io/devices" in said
    for patch in (
        {"spec": {"activeDeadlineSeconds": 1}},
        {"spec": {"containers": [{"name": "engine", "image": "other"}]}},
        {"metadata": {"labels": {"app": "other"}}},
        {"metadata": {"finalizers": ["example.com/stay"]}},
    ):
        said = refused(
            installed, scheduler, "patch", placed, "--type=merge", f"--patch={json.dumps(patch)}", "--namespace=team"
        )
        assert "the scheduler's account may not change" in said


def test_the_scheduler_touches_nodes_and_changes_nothing_else_of_them(installed: ControlPlane) -> None:
    """A stolen token neither cordons nor relabels a node."""
    scheduler = installed.kubeconfig_for_service_account(NAMESPACE, SCHEDULER)

    assert refusal(installed, scheduler, "node/probe", {TOUCHED: "1"}, "") == ""
    assert "may change no annotation but" in refusal(installed, scheduler, "node/probe", {"other": "1"}, "")
    for patch in ({"spec": {"unschedulable": True}}, {"metadata": {"labels": {"pool": "mine"}}}):
        said = refused(installed, scheduler, "patch", "node/probe", "--type=merge", f"--patch={json.dumps(patch)}")
        assert "the scheduler's account may not change" in said


def test_pods_without_anything_of_berths_are_nobodys_business(installed: ControlPlane) -> None:
    """The policies judge what speaks of Berth, and cost nobody else anything."""
    tenant = installed.kubeconfig_for_user("tenant")
    name = f"plain-{next(NUMBERS)}"

    assert refused(installed, tenant, "create", "-f", "-", stdin=json.dumps(pod(name))) == ""
    assert refusal(installed, tenant, f"pod/{name}", {"a": "b"}) == ""
    assert refused(installed, tenant, "label", f"pod/{name}", "a=b", "--namespace=team") == ""


def test_a_binding_with_devices_is_the_extenders_alone(installed: ControlPlane) -> None:
    """Whoever may bind pods does not thereby give devices away."""
    installed.kubectl("create", "clusterrole", "binder", "--verb=create", "--resource=pods/binding")
    installed.kubectl("create", "clusterrolebinding", "binder", "--clusterrole=binder", "--user=binder")
    binder = installed.kubeconfig_for_user("binder")
    scheduler = installed.kubeconfig_for_service_account(NAMESPACE, SCHEDULER)

    def bound(name: str, who: Path) -> str:
        installed.kubectl("create", "-f", "-", stdin=json.dumps(pod(name)))
        metadata = {"name": name, "namespace": "team", "annotations": {DEVICES: "example.com/gpu:0"}}
        target = {"apiVersion": "v1", "kind": "Node", "name": "probe"}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        path = f"/api/v1/namespaces/team/pods/{name}/binding"
        return refused(installed, who, "create", "--raw", path, "-f", "-", stdin=json.dumps(binding))

    assert "only Berth writes berth.ome.io/devices on pods" in bound("seized", binder)
    assert bound("given", scheduler) == ""

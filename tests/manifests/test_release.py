"""Berth as Helm installs, upgrades and uninstalls it on a real control plane, called through its Service."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.installation import NAMESPACE, machine_address
from placement.keys import CHOSEN_CLASS, INJECTION
from sandbox import ApiError, ControlPlane, KubectlError, load_nodes
from tests.manifests.helm import CHART, HelmError
from tests.manifests.release import RELEASE, Release
from tests.webhook.real import add_namespace, apply_objects, await_answers

Json = dict[str, Any]
BERTH = Path(sys.executable).parent / "berth"
WEBHOOKS = "accelerators.berth.ome.io"
PROFILES = "acceleratorprofiles.berth.ome.io"
HASHED = re.compile(r"berth-\w+-settings-[a-z0-9]{10}")
OURS = "--selector=app.kubernetes.io/part-of=berth"
PROFILE = {
    "apiVersion": "berth.ome.io/v1alpha1",
    "kind": "AcceleratorProfile",
    "metadata": {"name": "any"},
    "spec": {"podSelector": {"matchLabels": {"app": "llm"}}},
}
POD = {
    "metadata": {"name": "engine", "annotations": {"ome.io/accelerator-class": "nvidia-l4"}},
    "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]},
}


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart of a version before: its profiles have no column for their strategy."""
    folder = tmp_path_factory.mktemp("charts") / "berth"
    shutil.copytree(CHART, folder)
    column = "        - {name: Strategy, type: string, jsonPath: .spec.strategy}\n"
    file = folder / "templates/crds/accelerator-profiles.yaml"
    assert column in file.read_text()
    file.write_text(file.read_text().replace(column, ""))
    file = folder / "Chart.yaml"
    file.write_text(file.read_text().replace("\nversion: 0.1.0", "\nversion: 0.0.9"))
    return folder


@pytest.fixture(scope="module")
def release(older: Path) -> Iterator[Release]:
    """The chart installed, its controller and its webhook running, and a namespace that opted in."""
    with ControlPlane(kwok=False) as plane:
        plane.add_nodes(load_nodes())
        berth = Release(plane, machine_address())
        berth.install_chart(older)
        add_namespace(plane)
        apply_objects(plane, PROFILE)
        berth.start_controller()
        berth.start_webhook()
        await_answers(plane)
        yield berth


def test_a_pod_is_admitted_through_the_service(release: Release) -> None:
    """The webhook configuration is the one that the chart brings: its Service leads the API server to the webhook."""
    if not release.service_address:
        pytest.skip("this machine has no address but loopback, to which no Service may lead")
    for kind in ("mutatingwebhookconfiguration", "validatingwebhookconfiguration"):
        (webhook,) = release.plane.get_json(kind, WEBHOOKS)["webhooks"]
        assert webhook["clientConfig"]["service"]["name"] == "berth-webhook"

    labels = release.plane.wait(lambda: _created(release)["metadata"].get("labels"), 20, "the pod gets its class")
    assert labels == {CHOSEN_CLASS: "nvidia-l4"}


def test_the_doctor_finds_nothing(release: Release) -> None:
    """What Helm installed is whole."""
    command = [str(BERTH), "doctor", "--quiet", f"--kubeconfig={release.plane.kubeconfig}"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout.splitlines()[-1]) == (0, "nothing is wrong"), said.stdout


def test_a_second_release_is_refused(release: Release) -> None:
    """Two would write the same objects in turns."""
    with pytest.raises(HelmError, match="cannot be imported into the current release"):
        release.helm("install", "second", str(CHART), "--namespace=elsewhere", "--create-namespace")


def test_an_upgrade_brings_definitions_and_rolls_what_changed(release: Release) -> None:
    """And classes, once their definition is there; the caBundle stays as the controller keeps it."""
    before, trusted = _generations(release), _trusted(release)
    assert "Strategy" not in _columns(release.plane)

    release.upgrade("--set=controller.settings.stuck_after_minutes=7", "--set=classes.sizes=true")

    after = _generations(release)
    assert {name for name in before if before[name] != after[name]} == {"berth-controller"}
    settings = release.plane.get_json("configmap", "berth-controller-settings", NAMESPACE)["data"]
    assert yaml.safe_load(settings["controller.yaml"]) == {"namespace": NAMESPACE, "stuck_after_minutes": 7}
    assert _columns(release.plane)[0] == "Strategy"
    assert _trusted(release) == trusted
    assert _created(release)["metadata"]["labels"]
    release.plane.get_json("acceleratorclass", "small-gpu")


NEVER_ASKED = {
    "a namespace that did not opt in": ("default", {}),
    "kube-system, whatever its labels": ("kube-system", {}),
    "Berth's own namespace": (NAMESPACE, {}),
    "a pod that opted out": ("ml", {"labels": {INJECTION: "false"}}),
    "a mirror pod": ("ml", {"annotations": {"kubernetes.io/config.mirror": "hash"}}),
}


def test_a_webhook_that_must_answer_and_is_away_holds_up_pods_that_opted_in_alone(release: Release) -> None:
    """With failurePolicy Fail: whatever else a cluster needs in order to live is created."""
    for namespace in ("kube-system", NAMESPACE):
        release.plane.kubectl("label", "namespace", namespace, f"{INJECTION}=enforce")
    release.upgrade("--reset-then-reuse-values", "--set=webhook.failurePolicy=Fail")
    release.kill("webhook")
    release.plane.wait(lambda: "failed calling webhook" in _refusal(release, "ml", {}), 20, "pods are held up")

    assert {name: _refusal(release, *pod) for name, pod in NEVER_ASKED.items()} == dict.fromkeys(NEVER_ASKED, "")


def test_after_it_is_uninstalled_pods_are_created_as_before(release: Release) -> None:
    """Also after a Fail; what is left is what the programs made and what was to be kept: definitions and profiles."""
    release.uninstall()

    assert release.helm("list", "--all-namespaces", "--short") == ""
    assert _left(release.plane) == {"acceleratorclasses.ome.io", PROFILES}
    release.plane.get_json("acceleratorprofile", "any")
    secrets = release.plane.kubectl("get", "secrets,leases", f"--namespace={NAMESPACE}", "--output=name").split()
    assert {each.split("/")[1] for each in secrets} == {"berth-authority", "berth-webhook-tls", "berth-controller"}
    release.plane.wait(lambda: not _refusal(release, "ml", {}), 20, "pods are created")
    assert "labels" not in _created(release)["metadata"]


def test_it_is_installed_over_what_kustomize_brought(release: Release) -> None:
    """The way from kustomize to Helm; of what Helm does not know the namespace and ConfigMaps are left."""
    release.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(CHART.parent / "base"))
    unknown = {each for each in _left(release.plane) if each == NAMESPACE or HASHED.fullmatch(each)}

    release.helm("install", *RELEASE, str(CHART), "--take-ownership", "--force-conflicts", "--set=crds.keep=false")
    release.uninstall()

    release.plane.wait(lambda: _left(release.plane) == unknown, 20, "everything else is gone")


def _created(release: Release) -> Json:
    """Return a pod as it would be created."""
    return release.plane.api.send("POST", "/api/v1/namespaces/ml/pods?dryRun=All", POD)


def _refusal(release: Release, namespace: str, metadata: Json) -> str:
    """Return why a pod on a node would not be created there, if it would not."""
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    container = {"name": "c", "image": "c", "securityContext": safe | {"seccompProfile": {"type": "RuntimeDefault"}}}
    pod = {"metadata": {"name": "tried", **metadata}, "spec": {"nodeName": "a", "containers": [container]}}
    try:
        release.plane.api.send("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    except ApiError as error:
        return error.answer
    return ""


def _generations(release: Release) -> dict[str, int]:
    found = release.plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]
    return {each["metadata"]["name"]: each["metadata"]["generation"] for each in found}


def _trusted(release: Release) -> str:
    (webhook,) = release.plane.get_json("mutatingwebhookconfiguration", WEBHOOKS)["webhooks"]
    bundle: str = webhook["clientConfig"]["caBundle"]
    return bundle


def _columns(plane: ControlPlane) -> list[str]:
    version = plane.get_json("customresourcedefinition", PROFILES)["spec"]["versions"][0]
    return [each["name"] for each in version["additionalPrinterColumns"]]


def _left(plane: ControlPlane) -> set[str]:
    """Return the names of all objects of Berth, or what kubectl says while a definition of theirs is going."""
    kinds = plane.kubectl("api-resources", "--verbs=list", "--output=name").split()
    try:
        lines = plane.kubectl("get", ",".join(kinds), "--all-namespaces", OURS, "--output=name").split()
    except KubectlError as error:
        return {error.stderr}
    return {each.partition("/")[2] for each in lines}

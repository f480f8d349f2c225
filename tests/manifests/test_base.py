"""The kustomize base, applied for real with strict field validation: objects, admission, scheduler."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import ControlPlane
from tests.ome.stories import DEFINITIONS

Manifest = dict[str, Any]
NAMESPACE = "berth-system"
WEBHOOKS = "accelerators.berth.ome.io"


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane, manifests: Path) -> ControlPlane:
    """The control plane with OME's definitions and the base in it.

    Its quota is counted, which kube-controller-manager does in a cluster.
    """
    control_plane.apply(DEFINITIONS)
    control_plane.kubectl("wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=20s")
    control_plane.kubectl("apply", "--validate=strict", "-k", str(manifests / "base"))
    counted = json.dumps({"status": {"hard": {"pods": "20"}, "used": {"pods": "0"}}})
    quota = ["resourcequota", "berth-critical-pods", f"--namespace={NAMESPACE}"]
    control_plane.kubectl("patch", *quota, "--subresource=status", "--type=merge", f"--patch={counted}")
    return control_plane


def built(control_plane: ControlPlane, folder: Path) -> list[Manifest]:
    """The objects of a kustomization, as kubectl applies them."""
    return list(yaml.safe_load_all(control_plane.kubectl("kustomize", str(folder))))


def of_kind(objects: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The objects of one kind, by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def test_applying_the_base_again_changes_nothing(installed: ControlPlane, manifests: Path) -> None:
    """What the API server has is what the files say, so that a diff shows only what an operator changed."""
    assert installed.kubectl("diff", "-k", str(manifests / "base")) == ""


def test_every_program_of_the_base_is_admitted_by_its_namespace(installed: ControlPlane, manifests: Path) -> None:
    """The pods of all Deployments meet the restricted Pod Security Standard that the namespace enforces."""
    deployments = of_kind(built(installed, manifests / "base"), "Deployment")
    assert deployments.keys() == {"berth-webhook", "berth-scheduler", "berth-controller"}
    for name, deployment in deployments.items():
        template = deployment["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": name}}
        pod["spec"] = template["spec"]
        installed.api.send("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All&fieldValidation=Strict", pod)


def test_every_file_that_a_container_reads_is_mounted(installed: ControlPlane, manifests: Path) -> None:
    """The configuration that a command line names is a key of a ConfigMap which is mounted there."""
    objects = built(installed, manifests / "base")
    settings = of_kind(objects, "ConfigMap")
    for deployment in of_kind(objects, "Deployment").values():
        for container, file in _containers_with_settings(deployment["spec"]["template"]["spec"]):
            mount = next(each for each in container["volumeMounts"] if each["mountPath"] == file)
            volumes = deployment["spec"]["template"]["spec"]["volumes"]
            source = next(each for each in volumes if each["name"] == mount["name"])["configMap"]["name"]
            assert yaml.safe_load(settings[source]["data"][mount["subPath"]])


def _containers_with_settings(pod: Manifest) -> Iterator[tuple[Manifest, str]]:
    for container in pod["containers"]:
        yield container, container["command"][-1].removeprefix("--config=")


def test_the_webhook_is_asked_before_kueues(installed: ControlPlane) -> None:
    """API servers order configurations by name; Kueue is to count what Berth injects."""
    stored = installed.get_json("mutatingwebhookconfiguration", WEBHOOKS)
    assert stored["metadata"]["name"] < "kueue-mutating-webhook-configuration"
    assert stored["webhooks"][0]["reinvocationPolicy"] == "IfNeeded"


def test_definitions_are_validated_and_never_held_up(installed: ControlPlane) -> None:
    """Of both kinds what people write, and nothing where Berth is away; no status, no deletion, no other object."""
    (webhook,) = installed.get_json("validatingwebhookconfiguration", WEBHOOKS)["webhooks"]

    assert (webhook["failurePolicy"], webhook["sideEffects"]) == ("Ignore", "None")
    assert webhook["timeoutSeconds"] <= 5
    rules = {(*each["apiGroups"], *each["resources"]): set(each["operations"]) for each in webhook["rules"]}
    assert rules == {
        ("ome.io", "acceleratorclasses"): {"CREATE", "UPDATE"},
        ("berth.ome.io", "acceleratorprofiles"): {"CREATE", "UPDATE"},
    }


@pytest.mark.parametrize("kind", ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"])
def test_azures_admissions_enforcer_is_told_to_write_nothing(kind: str, installed: ControlPlane) -> None:
    """It writes into namespaceSelector (Azure/AKS#4002), and whoever applies the base again would meet a conflict."""
    annotations = installed.get_json(kind, WEBHOOKS)["metadata"]["annotations"]

    assert annotations["admissions.enforcer/disabled"] == "true"


@pytest.mark.parametrize("kind", ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"])
@pytest.mark.parametrize("way", [["apply"], ["apply", "--server-side", "--force-conflicts"]], ids=" ".join)
def test_applying_again_keeps_the_authority_that_the_controller_wrote(
    way: list[str], kind: str, installed: ControlPlane, manifests: Path
) -> None:
    """An upgrade by kubectl apply does not cut the API servers off from the webhook."""
    authority = "LS0tLS1CRUdJTg=="
    path = f"/apis/admissionregistration.k8s.io/v1/{kind}s/{WEBHOOKS}"
    patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": authority}]
    installed.kubectl("patch", kind, WEBHOOKS, "--type=json", f"--patch={json.dumps(patch)}")
    installed.kubectl(*way, "-k", str(manifests / "base"))
    assert installed.api.get(path)["webhooks"][0]["clientConfig"]["caBundle"] == authority


def test_the_shipped_scheduler_starts_with_the_rights_of_its_account(installed: ControlPlane, manifests: Path) -> None:
    """kube-scheduler accepts its configuration, becomes ready and takes its own lease."""
    account = installed.kubeconfig_for_service_account(NAMESPACE, "berth-scheduler")
    configuration = (manifests / "base/scheduler/kube-scheduler.yaml").read_text()
    scheduler = installed.start_scheduler(configuration, kubeconfig=account)

    def holder() -> str:
        lease = installed.kubectl("get", "lease", "berth-scheduler", f"--namespace={NAMESPACE}", "--ignore-not-found")
        return lease.splitlines()[-1].split()[1] if lease else ""

    assert installed.wait(holder, 20, "kube-scheduler holds its lease")
    scheduler.stop()
    assert "forbidden" not in scheduler.log_path.read_text()


def test_beside_ome_everything_but_its_definition_is_installed(control_plane: ControlPlane, manifests: Path) -> None:
    """The overlay for clusters with OME leaves AcceleratorClass to OME and nothing else."""
    whole = built(control_plane, manifests / "base")
    beside = built(control_plane, manifests / "overlays/ome")
    assert [each for each in whole if each not in beside] == [
        of_kind(whole, "CustomResourceDefinition")["acceleratorclasses.ome.io"]
    ]
    assert [each for each in beside if each not in whole] == []

"""The doctor in a cluster with everything installed, and with each fault that it is to find."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from certs import mutual
from certs.pairs import make_authority
from demo.installation import NAMESPACE, Installation
from sandbox import ControlPlane
from tests.webhook.hardware import H100
from tests.webhook.real import add_namespace, apply_objects, await_answers

CONFIGURATION = "accelerators.berth.ome.io"
PROFILE = {
    "apiVersion": "berth.ome.io/v1alpha1",
    "kind": "AcceleratorProfile",
    "metadata": {"name": "any"},
    "spec": {"podSelector": {"matchLabels": {"app": "llm"}}},
}
BERTH = Path(sys.executable).parent / "berth"


@pytest.fixture(scope="module")
def installed() -> Iterator[Installation]:
    """Berth with a namespace, a class with nodes, and a profile."""
    with ControlPlane(kwok=False) as plane:
        plane.add_nodes(H100.nodes(1))
        berth = Installation(plane)
        berth.apply()
        version = plane.api.get("/version")["gitVersion"]
        image = f"kube-scheduler=registry.k8s.io/kube-scheduler:{version}"  # as every operator has to name it
        plane.kubectl("set", "image", "deployment/berth-scheduler", image, f"--namespace={NAMESPACE}")
        add_namespace(plane)
        apply_objects(plane, H100.as_class, PROFILE)
        berth.start_controller()
        berth.start_webhook()
        await_answers(plane)
        yield berth


def doctor(berth: Installation, *flags: str) -> tuple[int, str]:
    """Return the exit code of the command and what it prints."""
    command = [str(BERTH), "doctor", "--quiet", f"--kubeconfig={berth.plane.kubeconfig}", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


@contextmanager
def patched(berth: Installation, kind: str, name: str, patch: list[dict[str, object]]) -> Iterator[None]:
    """Let an object be another for a while."""
    before = berth.plane.get_json(kind, name, NAMESPACE)
    berth.plane.kubectl("patch", kind, name, "-n", NAMESPACE, "--type=json", f"--patch={json.dumps(patch)}")
    try:
        yield
    finally:
        del before["metadata"]["resourceVersion"]
        berth.plane.kubectl("replace", "-f", "-", stdin=json.dumps(before))


def replaced(path: str, value: object) -> list[dict[str, object]]:
    """Return a patch of one field."""
    return [{"op": "replace", "path": path, "value": value}]


def test_a_whole_installation_has_no_problem(installed: Installation) -> None:
    """The shipped manifests, as they are."""
    code, said = doctor(installed)

    assert (code, said.splitlines()[-1]) == (0, "nothing is wrong"), said


def test_a_webhook_that_is_away_or_not_trusted_is_found(installed: Installation) -> None:
    """Pods are created all the same, so nobody else would tell."""
    other = base64.b64encode(make_authority(datetime.now(UTC)).certificate).decode()
    trust = replaced("/webhooks/0/clientConfig/caBundle", other)
    address = replaced("/webhooks/0/clientConfig/url", "https://localhost:9/mutate")
    installed.kill("controller")
    try:
        with patched(installed, "mutatingwebhookconfiguration", CONFIGURATION, trust):
            distrusted = doctor(installed)
        with patched(installed, "mutatingwebhookconfiguration", CONFIGURATION, address):
            away = found_after(installed, "without a word of Berth")
    finally:
        installed.start_controller()

    assert distrusted[0] == 1
    assert "does not trust who signed the serving certificate" in distrusted[1]
    assert "without a word of Berth" in away


def found_after(berth: Installation, text: str) -> str:
    """Return what the doctor says once it says this: an API server learns of a change by its watch."""
    return berth.plane.wait(lambda: next((said for _, said in [doctor(berth)] if text in said), ""), 20, text)


def test_a_webhook_that_is_not_asked_again_is_found(installed: Installation) -> None:
    """It would not see containers that others add after it."""
    never = replaced("/webhooks/0/reinvocationPolicy", "Never")
    with patched(installed, "mutatingwebhookconfiguration", CONFIGURATION, never):
        code, said = doctor(installed)

    assert (code, "reinvocationPolicy is not IfNeeded" in said) == (1, True)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("nodeCacheCapable: true", "nodeCacheCapable: false", "nodeCacheCapable is false"),
        ("      - {name: nvidia.com/gpu, ignoredByScheduler: false}\n", "", "managedResources lack nvidia.com/gpu"),
        ("profiles:", "profiles: no list", "is no KubeSchedulerConfiguration: "),
    ],
)
def test_a_scheduler_that_is_configured_otherwise_is_found(
    installed: Installation, tmp_path: Path, old: str, new: str, found: str
) -> None:
    """By the file that a kube-scheduler of the cluster's own would have."""
    shipped = (Path(__file__).parents[2] / "manifests/base/scheduler/kube-scheduler.yaml").read_text()
    file = tmp_path / "scheduler.yaml"
    file.write_text(shipped.replace(old, new))

    _, said = doctor(installed, f"--scheduler-config={file}")
    assert found in said


def test_what_nobody_can_use_is_found(installed: Installation) -> None:
    """Classes without nodes, and namespaces that no profile is for."""
    plane = installed.plane
    lost = {**H100.as_class, "metadata": {"name": "lost"}}
    lost["spec"] = {**lost["spec"], "discovery": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-None"}}}
    plane.apply(json.dumps(lost))
    plane.kubectl("create", "namespace", "odd")
    plane.kubectl("label", "namespace", "odd", "berth.ome.io/injection=maybe")

    code, said = doctor(installed)
    plane.kubectl("delete", "namespace/odd", "acceleratorclass/lost", "--wait=false")

    assert code == 1
    assert "class lost: no node carries it" in said
    assert "namespace odd: label berth.ome.io/injection=maybe means nothing" in said


def test_a_user_without_rights_is_told_what_was_not_seen(installed: Installation) -> None:
    """Whoever may read little gets what can be said of that."""
    plane = installed.plane
    plane.kubectl("create", "clusterrole", "reader", "--verb=get,list,watch", "--resource=namespaces,nodes")
    plane.kubectl("create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=reader")

    code, said = doctor(installed, f"--kubeconfig={plane.kubeconfig_for_user('reader')}")

    assert code in {0, 1}
    assert "not seen: webhook configurations: 403 Forbidden" in said
    assert "not seen: profiles: 403 Forbidden" in said


def test_programs_that_do_not_run_or_are_too_new_are_found(installed: Installation) -> None:
    """As the Deployments' own controller counts them, and by the tag of kube-scheduler's image."""
    newer = replaced("/spec/template/spec/containers/0/image", "kube-scheduler:v1.99.0")
    counted = {"observedGeneration": 1, "replicas": 2}
    set_status(installed, "berth-scheduler", {**counted, "readyReplicas": 0})
    set_status(installed, "berth-controller", {**counted, "readyReplicas": 1})
    try:
        with patched(installed, "deployment", "berth-scheduler", newer):
            _, said = doctor(installed)
    finally:
        for name in ("berth-scheduler", "berth-controller"):
            set_status(installed, name, {"observedGeneration": 0, "replicas": 0, "readyReplicas": 0})

    scheduler = "deployment/berth-scheduler: 0 of 2 replicas are ready: pods that name its scheduler wait"
    assert f"problem  {scheduler}" in said
    assert "problem  deployment/berth-scheduler: kube-scheduler is of 1.99, and the API server of " in said
    assert "warning  deployment/berth-controller: 1 of 2 replicas are ready" in said


def set_status(berth: Installation, name: str, status: dict[str, int]) -> None:
    """Let a Deployment be counted like that."""
    patch = ["--subresource=status", "--type=merge", f"--patch={json.dumps({'status': status})}"]
    berth.plane.kubectl("patch", "deployment", name, "-n", NAMESPACE, *patch)


def test_a_missing_validating_configuration_is_found(installed: Installation) -> None:
    """What is written is checked by nobody then, and nobody notices."""
    kept = installed.plane.get_json("validatingwebhookconfiguration", CONFIGURATION)
    installed.plane.kubectl("delete", "validatingwebhookconfiguration", CONFIGURATION)
    try:
        code, said = doctor(installed)
    finally:
        del kept["metadata"]["resourceVersion"], kept["metadata"]["uid"]
        installed.plane.kubectl("create", "-f", "-", stdin=json.dumps(kept))

    assert (code, "there is no ValidatingWebhookConfiguration" in said) == (1, True)


def test_certificates_of_the_extender_that_end_are_found(installed: Installation, tmp_path: Path) -> None:
    """In its Secret, and in the files that the scheduler's configuration names."""
    now = datetime.now(UTC)
    mutual.ensure(tmp_path, now - timedelta(days=4 * 365))
    mutual.ensure(tmp_path / "expired", now - timedelta(days=21 * 365))
    extender, scheduler = tmp_path / "extender", tmp_path / "expired/kube-scheduler"
    shipped = (Path(__file__).parents[2] / "manifests/base/scheduler/kube-scheduler.yaml").read_text()
    configuration = yaml.safe_load(shipped.replace("http://", "https://"))
    for each in configuration["extenders"]:
        files = {"certFile": str(scheduler / "tls.crt"), "caFile": str(scheduler / "ca.crt")}
        files["serverName"] = "berth-extender"
        each |= {"enableHTTPS": True, "tlsConfig": {**files, "keyFile": str(scheduler / "tls.key")}}
    (tmp_path / "scheduler.yaml").write_text(yaml.safe_dump(configuration))
    secret = ["secret", "generic", "berth-extender-tls", "--namespace=berth-extender", "--type=kubernetes.io/tls"]
    installed.plane.kubectl("create", "namespace", "berth-extender")
    installed.plane.kubectl("create", *secret, *(f"--from-file={each}" for each in sorted(extender.iterdir())))

    code, said = doctor(installed, f"--scheduler-config={tmp_path / 'scheduler.yaml'}")

    assert code == 1
    assert "warning  extender certificates (Secret berth-extender-tls, tls.crt): valid until " in said
    assert f"problem  extender certificates ({scheduler / 'tls.crt'}): certificate expired at " in said

"""The real cert-manager makes the webhook's certificate: it is trusted, served, and followed when it is renewed."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from certs.given import read
from demo.installation import MANIFESTS, NAMESPACE, Installation
from sandbox import ControlPlane
from sandbox.build import cert_manager_folder
from sandbox.command_lines import MUTATING_POLICIES
from tests.chaos.test_rotation import CONFIGURATION, Kubelet, Load, await_trust, bundle, repeated, secret
from tests.webhook.real import add_namespace, await_answers

CERTIFICATES = f"/apis/cert-manager.io/v1/namespaces/{NAMESPACE}/certificates"
KINDS = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")
INJECTED = f"cert-manager.io/inject-ca-from={NAMESPACE}/berth-webhook"
ADMISSIONS_A_SECOND = 20


class ByCertManager(Installation):
    """Berth installed by the overlay in which cert-manager makes the certificate."""

    def apply(self) -> None:
        """Run cert-manager, and apply the overlay."""
        folder = cert_manager_folder()
        definitions = [f"--filename={each}" for each in sorted((folder / "cert-manager-files").glob("*.yaml"))]
        self.plane.kubectl("apply", "--server-side", *definitions)
        self.plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *definitions)
        overlay = str(MANIFESTS / "overlays/cert-manager")
        self.plane.kubectl("apply", "--server-side", "--validate=strict", "-k", overlay)
        self.plane.start("cert-manager", [folder / "cert-manager", f"--kubeconfig={self.plane.kubeconfig}"])


@pytest.fixture(scope="module")
def berth() -> Iterator[ByCertManager]:
    """Berth's admission side, without which no pod is created; the cainjector keeps the caBundle at first."""
    with ControlPlane(kwok=False, apiserver_flags=MUTATING_POLICIES) as plane:
        berth = ByCertManager(plane)
        berth.apply()
        add_namespace(plane)
        for kind in KINDS:
            plane.kubectl("annotate", kind, CONFIGURATION, INJECTED)
        plane.wait(lambda: is_ready(plane, "berth-webhook"), 60, "cert-manager has made the certificate")
        berth.start_controller("--no-discovery")
        berth.start_webhook()
        failing = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]
        plane.kubectl("patch", KINDS[0], CONFIGURATION, "--type=json", f"--patch={json.dumps(failing)}")
        await_trust(berth)
        await_answers(plane)
        yield berth


def is_ready(plane: ControlPlane, name: str) -> bool:
    """Tell whether cert-manager says that a certificate is as it ought to be."""
    conditions = plane.api.get(f"{CERTIFICATES}/{name}").get("status", {}).get("conditions", [])
    return {each["type"]: each["status"] for each in conditions} == {"Ready": "True"}


def renew(plane: ControlPlane, name: str) -> None:
    """Have cert-manager make a certificate anew, as `cmctl renew` does, and wait until it has."""
    before = plane.api.get(f"{CERTIFICATES}/{name}")["status"]["revision"]
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    issuing = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now}
    patch = [{"op": "add", "path": "/status/conditions/-", "value": issuing}]
    target = ("certificate", name, f"--namespace={NAMESPACE}", "--subresource=status")
    plane.kubectl("patch", *target, "--type=json", f"--patch={json.dumps(patch)}")

    def is_renewed() -> bool:
        return plane.api.get(f"{CERTIFICATES}/{name}")["status"]["revision"] > before and is_ready(plane, name)

    plane.wait(is_renewed, 60, f"cert-manager has renewed {name}")


def versions(plane: ControlPlane) -> list[str]:
    """Return the version of each webhook configuration, which every write changes."""
    return [plane.get_json(kind, CONFIGURATION)["metadata"]["resourceVersion"] for kind in KINDS]


def looks_at_trust(berth: ByCertManager) -> float:
    """Return how often the controller looked at the certificate and found it good."""
    with urlopen(f"{berth.url('controller', 'health')}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = (sample for family in families for sample in family.samples)
    wanted = {"duty": "trust", "outcome": "succeeded"}
    return sum(each.value for each in samples if each.name == "berth_controller_passes_total" and each.labels == wanted)


def test_the_cainjector_keeps_the_bundle_where_it_is_asked_to(berth: ByCertManager) -> None:
    """Berth's controller finds it good, and writes nothing."""
    plane = berth.plane
    authority = base64.b64decode(secret(plane, "berth-webhook-tls")["ca.crt"])
    before, looks = versions(plane), looks_at_trust(berth)
    plane.wait(lambda: looks_at_trust(berth) >= looks + 2, 30, "the controller has looked twice")

    assert versions(plane) == before
    assert bundle(plane) == authority
    assert "caBundle of" not in berth.programs["controller"].log_path.read_text()


def test_no_admission_fails_while_authority_and_certificate_are_renewed(berth: ByCertManager) -> None:
    """The new authority is trusted before what it signed is served, and the one before as long as that is."""
    plane = berth.plane
    for kind in KINDS:
        plane.kubectl("annotate", kind, CONFIGURATION, f"{INJECTED.partition('=')[0]}-")
    kubelet = Kubelet(plane, plane.folder / "volumes" / "webhook" / "tls")
    load = Load(plane, berth.port("webhook", "webhook"))
    first = read(bundle(plane))

    with (
        repeated(load.create, ADMISSIONS_A_SECOND, 2),
        repeated(load.shake, 5),
        repeated(kubelet.sync, 4),
    ):
        plane.wait(lambda: len(load.leaves) == 1, 20, "the first certificate is served")
        renew(plane, "berth-authority")
        renew(plane, "berth-webhook")
        plane.wait(lambda: len(load.leaves) == 2, 60, "the second certificate is served")

    assert load.failures == []
    trusted = read(bundle(plane))
    assert trusted[1:] == first
    assert trusted[0] not in first

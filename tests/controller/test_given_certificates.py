"""The controller beside a certificate that others make, and beside another installation, on a real API server."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from certs.authorities import Content
from certs.given import read
from cluster.api import Api
from controller.settings import ControllerSettings
from sandbox import ControlPlane
from tests.certs.strangers import Holder, Order, authority, server
from tests.controller.test_controller import at_work, until

NUMBERS = count()
NAME = "berth-webhook.berth-system.svc"
NOW = datetime.now(UTC) - timedelta(minutes=1)
TOP, OTHER = (authority(each, NOW) for each in ("top", "other"))
KINDS = {"MutatingWebhookConfiguration": "pods", "ValidatingWebhookConfiguration": "acceleratorclasses"}


@contextmanager
def configured(
    plane: ControlPlane, namespace: str = "berth-system", annotations: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give both webhook configurations, which select nothing, under a name that no other test uses."""
    name = f"given-{next(NUMBERS)}"
    for kind, resource in KINDS.items():
        webhook = {
            "name": f"{resource}.berth.ome.io",
            "clientConfig": {"service": {"namespace": namespace, "name": "berth-webhook"}},
            "rules": [{"apiGroups": ["nobody"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["*"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        metadata = {"name": name, "annotations": annotations or {}}
        head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}
        plane.apply(json.dumps({**head, "metadata": metadata, "webhooks": [webhook]}))
    yield name
    for kind in KINDS:
        plane.kubectl("delete", kind.lower(), name)


@pytest.fixture
def name(control_plane: ControlPlane) -> Iterator[str]:
    """Both webhook configurations of this installation."""
    with configured(control_plane) as given:
        yield given


def settings(name: str, **others: Any) -> ControllerSettings:
    """Return settings of a controller that is given its certificate."""
    return ControllerSettings(
        webhook_configuration=name,
        certificate_secret=name,
        authority_secret=f"{name}-authority",
        interval_seconds=0.2,
        discovery=False,
        **{"certificate_source": "given", **others},
    )


def fill(plane: ControlPlane, name: str, content: Content) -> None:
    """Fill the Secret that the webhook mounts."""
    data = {key: base64.b64encode(each).decode() for key, each in content.items()}
    metadata = {"name": name, "namespace": "berth-system"}
    plane.apply(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))


def bundles(plane: ControlPlane, name: str) -> list[bytes]:
    """Return whom each webhook of both configurations trusts."""
    found = (plane.get_json(kind.lower(), name)["webhooks"] for kind in KINDS)
    return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for webhooks in found for each in webhooks]


def versions(plane: ControlPlane, name: str) -> list[str]:
    """Return the version of each configuration, which every write changes."""
    return [plane.get_json(kind.lower(), name)["metadata"]["resourceVersion"] for kind in KINDS]


def all_trust(plane: ControlPlane, name: str, *wanted: Holder) -> bool:
    """Tell whether every webhook trusts these authorities and nobody else."""
    expected = [each.certificate for each in wanted]
    return all(read(each) == expected for each in bundles(plane, name))


def held(by: Holder, names: tuple[str, ...] = (NAME,), since: datetime = NOW) -> Content:
    """Return what a Secret holds of a server's certificate."""
    return server(names, Order(since), by).content


async def test_a_given_certificate_is_trusted_and_followed(control_plane: ControlPlane, api: Api, name: str) -> None:
    """Its authority is told to every API server; another one's is added, and the one before stays for a while."""
    async with at_work(api, settings(name)) as controller:
        await until(control_plane, lambda: "is not there" in "".join(controller.readiness()))
        fill(control_plane, name, held(TOP))
        await until(control_plane, lambda: all_trust(control_plane, name, TOP))
        await until(control_plane, lambda: controller.readiness() == [])

        fill(control_plane, name, held(OTHER))
        await until(control_plane, lambda: all_trust(control_plane, name, OTHER, TOP))
        assert controller.readiness() == []

    secrets = control_plane.kubectl("get", "secrets", "-n", "berth-system", "-oname").split()
    assert f"secret/{name}-authority" not in secrets


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"tls.crt": b"half", "tls.key": b""}, "tls.crt or tls.key cannot be read"),
        ({**held(TOP), "tls.key": held(TOP)["tls.key"]}, "tls.key belongs to another certificate than tls.crt"),
        ({**held(TOP), "ca.crt": held(OTHER)["ca.crt"]}, "nobody in ca.crt signed tls.crt"),
    ],
)
async def test_what_cannot_be_served_changes_nothing(
    control_plane: ControlPlane, api: Api, name: str, content: Content, problem: str
) -> None:
    """A damaged Secret takes nobody's trust away, and is not written over; the controller says what is wrong."""
    fill(control_plane, name, held(TOP))
    async with at_work(api, settings(name)) as controller:
        await until(control_plane, lambda: controller.readiness() == [])
        trusted = bundles(control_plane, name)

        fill(control_plane, name, content)
        await until(control_plane, lambda: problem in "".join(controller.readiness()))
        assert f"Secret berth-system/{name}: " in controller.readiness()[0]
        assert bundles(control_plane, name) == trusted
        assert control_plane.get_json("secret", name, "berth-system")["data"] == {
            key: base64.b64encode(each).decode() for key, each in content.items()
        }

        fill(control_plane, name, held(TOP))
        await until(control_plane, lambda: controller.readiness() == [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (held(TOP, since=NOW - timedelta(days=91)), "certificate expired at "),
        (held(TOP, since=NOW + timedelta(days=1)), "certificate is not valid before "),
        (held(TOP, ("elsewhere.svc",)), f"certificate is not for {NAME}"),
    ],
)
async def test_what_an_api_server_would_not_accept_is_said(
    control_plane: ControlPlane, api: Api, name: str, content: Content, problem: str
) -> None:
    """Its authority is trusted all the same, so that clocks that differ cost nothing."""
    fill(control_plane, name, content)
    async with at_work(api, settings(name)) as controller:
        await until(control_plane, lambda: problem in "".join(controller.readiness()))

    assert all_trust(control_plane, name, TOP)


async def test_without_an_authority_the_bundle_is_left_to_its_owner(
    control_plane: ControlPlane, api: Api, name: str
) -> None:
    """A Secret that kubectl made has no ca.crt: whoever set the caBundle keeps it, and hears when it will not do."""
    fill(control_plane, name, {**held(TOP), "ca.crt": b""})
    async with at_work(api, settings(name)) as controller:
        wrong = "does not trust what is served, and its caBundle is kept by you, as the Secret has no ca.crt"
        await until(control_plane, lambda: wrong in "".join(controller.readiness()))
        assert bundles(control_plane, name) == [b"", b""]

        for kind in KINDS:
            told = base64.b64encode(held(TOP)["ca.crt"]).decode()
            patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": told}]
            control_plane.kubectl("patch", kind.lower(), name, "--type=json", f"--patch={json.dumps(patch)}")
        await until(control_plane, lambda: controller.readiness() == [])


@pytest.mark.parametrize("source", ["own", "given"])
async def test_what_the_cainjector_keeps_is_never_written(control_plane: ControlPlane, api: Api, source: str) -> None:
    """Two writers of one caBundle would undo each other's for ever."""
    annotations = {"cert-manager.io/inject-ca-from": "berth-system/berth-webhook"}
    with configured(control_plane, annotations=annotations) as name:
        if source == "given":
            fill(control_plane, name, held(TOP))
        before = versions(control_plane, name)
        async with at_work(api, settings(name, certificate_source=source)) as controller:
            await until(control_plane, lambda: "cert-manager's cainjector" in "".join(controller.readiness()))

        assert versions(control_plane, name) == before


@pytest.mark.parametrize("source", ["own", "given"])
async def test_of_two_installations_the_one_that_is_called_writes(
    control_plane: ControlPlane, api: Api, name: str, source: str
) -> None:
    """The other says whose it is, and writes nothing, neither in turns nor once."""
    fill(control_plane, name, held(TOP))
    elsewhere = {"namespace": "berth-two", "certificate_source": source}
    async with at_work(api, settings(name)) as ours, at_work(api, settings(name, **elsewhere)) as theirs:
        await until(control_plane, lambda: ours.readiness() == [])
        written = versions(control_plane, name)
        await until(control_plane, lambda: "belongs to another installation" in "".join(theirs.readiness()))
        said = theirs.readiness()

    (problem,) = said
    assert problem == (
        f"trust {name}: 409 Conflict: mutatingwebhookconfigurations/{name} calls Service berth-system/berth-webhook, "
        "not berth-two/berth-webhook: it belongs to another installation of Berth, of which a cluster has one; "
        "uninstall either"
    )
    assert versions(control_plane, name) == written

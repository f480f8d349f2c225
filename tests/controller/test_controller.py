"""The controller at work on a real API server."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import SILENT
from controller.app import Controller, create_controller
from controller.observers import Observers
from controller.ports import Alone, Surroundings
from controller.settings import ControllerSettings
from controller.trusting import ca_bundle
from sandbox import ControlPlane

NUMBERS = count()
BUNDLE = b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


@pytest.fixture
def configuration(control_plane: ControlPlane) -> Iterator[str]:
    """A webhook configuration with two webhooks that select nothing, under a name that no other test uses."""
    name = f"pods-{next(NUMBERS)}"
    webhooks = [webhook(f"{each}.berth.ome.io") for each in ("first", "second")]
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    control_plane.apply(json.dumps({**kind, "metadata": {"name": name}, "webhooks": webhooks}))
    yield name
    control_plane.kubectl("delete", "mutatingwebhookconfiguration", name)


def webhook(name: str) -> dict[str, Any]:
    """Return a webhook for pods of namespaces that carry a label which none carries."""
    return {
        "name": name,
        "clientConfig": {"service": {"namespace": "berth-system", "name": "berth-webhook", "path": f"/{name}"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"nobody": "carries"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 3,
    }


def settings(configuration: str = "absent") -> ControllerSettings:
    """Return settings of a controller for one configuration, with Secrets of its own."""
    return ControllerSettings(
        webhook_configuration=configuration,
        certificate_secret=f"serving-{configuration}",
        authority_secret=f"authority-{configuration}",
        interval_seconds=0.1,
        discovery=False,
    )


@asynccontextmanager
async def at_work(
    api: Api, wanted: ControllerSettings, registry: CollectorRegistry | None = None
) -> AsyncIterator[Controller]:
    """Run a controller."""
    observers = Observers(registry or CollectorRegistry())
    controller = create_controller(api, wanted, Surroundings(Alone(), lambda: datetime.now(UTC), observers, SILENT))
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each()) for each in controller.tasks.values()]
        yield controller
        for each in running:
            each.cancel()


async def until(control_plane: ControlPlane, claim: Callable[[], bool]) -> None:
    """Return once a claim about the cluster holds."""
    await asyncio.to_thread(control_plane.wait, claim, 20, "what the test claims")


def bundles(control_plane: ControlPlane, configuration: str) -> list[bytes]:
    """Return the caBundle of each webhook."""
    found = control_plane.get_json("mutatingwebhookconfiguration", configuration)["webhooks"]
    return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for each in found]


def trust(control_plane: ControlPlane, configuration: str) -> bytes:
    """Return the authority that the webhook would mount beside its certificate; empty while there is none."""
    found = control_plane.kubectl(
        "get",
        "secret",
        f"serving-{configuration}",
        "-n",
        "berth-system",
        "--ignore-not-found",
        "-ojsonpath={.data.ca\\.crt}",
    )
    return base64.b64decode(found)


def accelerator_class(control_plane: ControlPlane, name: str) -> dict[str, Any]:
    """Return an AcceleratorClass."""
    return control_plane.get_json("acceleratorclass", name)


def readiness(control_plane: ControlPlane, name: str) -> dict[str, Any]:
    """Return the condition Ready of an AcceleratorClass, empty where there is none."""
    conditions = accelerator_class(control_plane, name).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), {})


def apply_class(control_plane: ControlPlane, name: str, discovery: dict[str, Any]) -> None:
    """Create or change an AcceleratorClass."""
    spec = {"vendor": "nvidia", "discovery": discovery, "capabilities": {}}
    metadata = {"name": name}
    kind = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass"}
    control_plane.apply(json.dumps({**kind, "metadata": metadata, "spec": spec}))


async def test_every_webhook_gets_the_bundle_and_keeps_all_else(
    control_plane: ControlPlane, api: Api, configuration: str
) -> None:
    """Order, paths and rules stay as they are, and a second time nothing is written."""
    before = control_plane.get_json("mutatingwebhookconfiguration", configuration)

    path = ca_bundle.paths(configuration)[0]
    assert await ca_bundle.ensure(api, path, BUNDLE)
    after = control_plane.get_json("mutatingwebhookconfiguration", configuration)
    assert not await ca_bundle.ensure(api, path, BUNDLE)

    for each in before["webhooks"]:
        each["clientConfig"]["caBundle"] = base64.b64encode(BUNDLE).decode()
    assert after["webhooks"] == before["webhooks"]
    assert control_plane.get_json("mutatingwebhookconfiguration", configuration)["metadata"] == after["metadata"]


async def test_the_api_server_is_made_to_trust_the_certificate_that_is_served(
    control_plane: ControlPlane, api: Api, configuration: str
) -> None:
    """From nothing to trust, and back to it after somebody took it away."""
    async with at_work(api, settings(configuration)) as controller:
        await until(
            control_plane, lambda: bundles(control_plane, configuration) == [trust(control_plane, configuration)] * 2
        )
        first = trust(control_plane, configuration)
        await until(control_plane, lambda: controller.readiness() == [])

        control_plane.kubectl("delete", "secret", f"authority-{configuration}", "-n", "berth-system")
        await until(control_plane, lambda: trust(control_plane, configuration) not in (b"", first))
        await until(
            control_plane, lambda: bundles(control_plane, configuration) == [trust(control_plane, configuration)] * 2
        )


async def test_a_configuration_that_is_not_there_yet_is_waited_for(control_plane: ControlPlane, api: Api) -> None:
    """Manifests are applied in any order; until then the controller says what it misses."""
    async with at_work(api, settings()) as controller:
        await until(control_plane, lambda: len(controller.readiness()) == 1 and "yet" not in controller.readiness()[0])

        (problem,) = controller.readiness()
        assert problem.startswith("trust absent: 404 NotFound: ")
        assert 'no webhook configuration "absent" is there' in problem


async def test_a_valid_class_is_ready_and_one_that_selects_nothing_is_not(
    control_plane: ControlPlane, api: Api
) -> None:
    """The condition says why, and follows the object when it is mended."""
    apply_class(control_plane, "l4", {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}})
    apply_class(control_plane, "nowhere", {})

    async with at_work(api, settings()):
        await until(control_plane, lambda: readiness(control_plane, "l4").get("status") == "True")
        await until(control_plane, lambda: readiness(control_plane, "nowhere").get("status") == "False")
        refused = readiness(control_plane, "nowhere")
        apply_class(control_plane, "nowhere", {"nodeSelector": {"gpu": "l4"}})
        await until(control_plane, lambda: readiness(control_plane, "nowhere").get("status") == "True")

    assert refused["reason"] == "InvalidSelector"
    assert refused["message"].startswith("spec.discovery: selects no node: write ")
    assert readiness(control_plane, "nowhere")["observedGeneration"] == 2


async def test_a_profile_that_cannot_be_used_says_why(control_plane: ControlPlane, api: Api) -> None:
    """What no rule of the definition can see: half a page."""
    configuration = {
        "selector": {"acceleratorClass": "l4"},
        "resources": {"limits": {"cpu": 1, "hugepages-2Mi": "3Mi"}},
    }
    kind = {"apiVersion": "berth.ome.io/v1alpha1", "kind": "AcceleratorProfile", "metadata": {"name": "pages"}}
    spec = {"podSelector": {}, "acceleratorConfigurations": [configuration]}
    control_plane.apply(json.dumps({**kind, "spec": spec}))

    def condition() -> dict[str, Any]:
        status = control_plane.get_json("acceleratorprofile", "pages").get("status", {})
        return next(iter(status.get("conditions", [])), {})

    async with at_work(api, settings()):
        await until(control_plane, lambda: condition().get("status") == "False")

    assert "write a multiple of 2Mi" in condition()["message"]


async def test_a_condition_is_written_once_and_leaves_what_others_wrote(control_plane: ControlPlane, api: Api) -> None:
    """Conditions of another controller stay, and nothing is written that stands already."""
    apply_class(control_plane, "shared", {"nodeSelector": {"gpu": "a100"}})
    other = {
        "type": "Audited",
        "status": "True",
        "reason": "Found",
        "message": "",
        "lastTransitionTime": "2026-05-04T12:00:00Z",
    }
    status = {"conditions": [other]}
    control_plane.kubectl(
        "patch",
        "acceleratorclass",
        "shared",
        "--subresource=status",
        "--type=merge",
        "-p",
        json.dumps({"status": status}),
    )

    async with at_work(api, settings()) as controller:
        await until(control_plane, lambda: readiness(control_plane, "shared").get("status") == "True")
        await until(control_plane, lambda: "lastUpdated" in accelerator_class(control_plane, "shared")["status"])
        written = accelerator_class(control_plane, "shared")
    async with at_work(api, settings()) as controller:
        await until(control_plane, lambda: len(controller.readiness()) == 1)
        await asyncio.sleep(0.5)

    assert written["status"]["conditions"][0] == other
    assert (
        accelerator_class(control_plane, "shared")["metadata"]["resourceVersion"]
        == written["metadata"]["resourceVersion"]
    )


@pytest.mark.parametrize("duty", ["trust", "class_status", "profile_status"])
async def test_each_duty_is_one_word_in_the_metrics(
    control_plane: ControlPlane, api: Api, configuration: str, duty: str
) -> None:
    """A label value without spaces needs no quotes in anybody's queries and alerts."""
    registry = CollectorRegistry()
    labels = {"duty": duty, "outcome": "succeeded"}

    async with at_work(api, settings(configuration), registry):
        await until(control_plane, lambda: bool(registry.get_sample_value("berth_controller_passes_total", labels)))

"""What the tests of standing pods share: a running controller, Deployments, and what is told of their pods."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from cluster.api import Api
from cluster.observers import SILENT
from cluster.view import PROFILES_PATH
from controller.app import Controller, create_controller
from controller.observers import Observers
from controller.ports import Alone, Surroundings
from controller.settings import ControllerSettings
from demo.installation import Installation
from placement.keys import CHOSEN_CLASS
from tests.webhook.hardware import A100_80, GPU, H100
from tests.webhook.real import NAMESPACE

Json = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
SETTINGS = ControllerSettings(interval_seconds=0.2, recreations_per_minute=120, stuck_after_minutes=0.02)


def profile(name: str, **said: Any) -> Json:
    """Return a profile that prefers H100s; what it configures differs by class, so that no choice is left open."""
    configured = [
        {"selector": {"acceleratorClass": each.name}, "env": [{"name": "MADE_FOR", "value": each.name}]}
        for each in (H100, A100_80)
    ]
    spec = {
        "podSelector": {"matchLabels": {"app": name}},
        "acceleratorRequirements": {"preferredClasses": [H100.name, A100_80.name]},
        "acceleratorConfigurations": configured,
    }
    kind = {"apiVersion": "berth.ome.io/v1alpha1", "kind": "AcceleratorProfile", "metadata": {"name": name}}
    return {**kind, "spec": {**spec, **said}}


@asynccontextmanager
async def overseen(berth: Installation) -> AsyncIterator[Controller]:
    """Run a controller with the rights of the shipped one."""
    rights = berth.plane.kubeconfig_for_service_account("berth-system", "berth-controller")
    around = Surroundings(Alone(), lambda: datetime.now(UTC), Observers(CollectorRegistry()), SILENT)
    async with Api.connect(rights) as api:
        controller = create_controller(api, SETTINGS, around)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(each()) for each in controller.tasks.values()]
            yield controller
            for each in running:
                each.cancel()


async def until(berth: Installation, claim: Any, what: str) -> Any:
    """Return what a claim about the cluster says once it holds."""
    return await asyncio.to_thread(berth.plane.wait, claim, 30, what)


def spec(**more: Any) -> Json:
    """Return what a pod runs."""
    limits = {"limits": {GPU: "1"}}
    return {"containers": [{"name": "vllm", "image": "vllm/vllm-openai:v0.33.0", "resources": limits}], **more}


def deploy(
    berth: Installation, name: str, count: int, namespace: str = NAMESPACE, metadata: Json | None = None
) -> None:
    """Create a Deployment whose pods have its name as their app, unless other labels are given."""
    own = {"labels": {"app": name}, **(metadata or {})}
    template = {"metadata": own, "spec": spec()}
    content = {"replicas": count, "selector": {"matchLabels": own["labels"]}, "template": template}
    berth.plane.api.send("POST", DEPLOYMENTS.format(namespace), {"metadata": {"name": name}, "spec": content})


def pods(berth: Installation, app: str, namespace: str = NAMESPACE) -> list[Json]:
    """Return the pods of an app."""
    found: list[Json] = berth.plane.api.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}")["items"]
    return found


def replicas(berth: Installation, app: str, count: int, namespace: str = NAMESPACE) -> list[Json]:
    """Return the pods of an app once so many are there."""
    berth.plane.wait(lambda: len(pods(berth, app, namespace)) == count, 20, f"{count} replicas of {app}")
    return pods(berth, app, namespace)


def chosen(pod: Json) -> str:
    """Return the class of a pod, empty where it has none."""
    return str(pod["metadata"].get("annotations", {}).get(CHOSEN_CLASS, ""))


def condition(berth: Installation, path: str, condition_type: str) -> Json:
    """Return a condition, empty where it does not stand."""
    found = berth.plane.api.get(path).get("status", {}).get("conditions", [])
    return next((each for each in found if each["type"] == condition_type), {})


def treated(berth: Installation) -> Json:
    """Return what the profile says of pods that slipped through."""
    return condition(berth, f"{PROFILES_PATH}/slips", "PodsTreated")


def events(berth: Installation, namespace: str, name: str) -> dict[str, str]:
    """Return what is told of an object, by reason."""
    found = berth.plane.api.get(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    return {each["reason"]: each["note"] for each in found if each["regarding"]["name"] == name}


def samples(controller: Controller) -> dict[tuple[str, ...], float]:
    """Return the values of the metrics about standing pods, by name and labels."""
    found = (sample for family in controller.metrics() for sample in family.samples if "_pod" in sample.name)
    return {(each.name, *each.labels.values()): each.value for each in found}


def bind(berth: Installation, name: str, node: str, namespace: str = NAMESPACE) -> None:
    """Bind a pod as a scheduler does."""
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    berth.plane.api.send(
        "POST", f"/api/v1/namespaces/{namespace}/pods/{name}/binding", {"metadata": {"name": name}, "target": target}
    )

"""A namespace that is deleted while it is written to: that of a pod, and Berth's own."""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cluster.api import Api
from cluster.writers import Event, EventType, Reporter, Subject, annotate_pod, publish_event
from controller.reconciling.events import Events
from extender.outbox import Outbox, Sent, Write
from placement.pods import Pod
from sandbox import ApiError, Component, ControlPlane
from tests.controller.test_controller import until

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVENT = Event(EventType.WARNING, "PodSlipped", "Overseeing", "nobody treated it")
POD = {"metadata": {"name": "engine"}, "spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai"}]}}

Json = dict[str, Any]


def ending(plane: ControlPlane, name: str) -> Json:
    """Create a namespace with a pod, and delete the namespace: without its controller it ends for ever."""
    plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    pod = plane.api.send("POST", f"/api/v1/namespaces/{name}/pods", POD)
    plane.api.send("DELETE", f"/api/v1/namespaces/{name}", {})
    return pod


def finish(plane: ControlPlane, name: str) -> None:
    """Let a namespace be gone, as its controller does once nothing is in it."""
    found = plane.api.get(f"/api/v1/namespaces/{name}")
    plane.api.send("PUT", f"/api/v1/namespaces/{name}/finalize", {**found, "spec": {"finalizers": []}})


async def test_events_about_what_ends_are_no_failure(api: Api, control_plane: ControlPlane) -> None:
    """The API server takes none: neither while the namespace is being deleted, nor when it is gone."""
    pod = ending(control_plane, "of-a-pod")
    events = Events(api, lambda: NOON)
    subject = Subject("Pod", "of-a-pod", "engine", pod["metadata"]["uid"])

    assert not await events.tell(subject, EVENT)
    absent = subject._replace(namespace="never-was")
    assert not await events.tell(absent, EVENT)
    control_plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "never-was"}})
    assert not await events.tell(absent, EVENT), "it is not tried at each look"


async def test_the_extender_writes_what_it_can_and_drops_the_rest(api: Api, control_plane: ControlPlane) -> None:
    """An annotation is still taken, an event is moot: neither is tried again and again."""
    made = ending(control_plane, "of-the-extender")["metadata"]
    pod = Pod("of-the-extender", "engine", made["uid"])
    outbox, outcomes = Outbox(), list[Sent]()
    reporter = Reporter("berth.ome.io/extender", "here")
    calls = {
        "annotation": partial(annotate_pod, api, pod, {"berth.ome.io/placement": "{}"}),
        "event": partial(publish_event, api, pod, EVENT, reporter, NOON),
    }
    sending = asyncio.create_task(outbox.run())
    for subject, call in calls.items():
        outbox.post(Write(subject, call, outcomes.append))
    await until(control_plane, lambda: len(outcomes) == len(calls))
    sending.cancel()

    assert sorted(outcomes) == [Sent.MOOT, Sent.WRITTEN]


def start(plane: ControlPlane, namespace: str) -> Component:
    """Start a controller at home in a namespace."""
    flags = {
        "kubeconfig": plane.kubeconfig,
        "namespace": namespace,
        "lease-duration-seconds": 3,
        "webhook-configuration": "absent",
        "interval-seconds": 0.5,
        "metrics-address": "127.0.0.1",
        "metrics-port": 0,
    }
    berth: list[str | Path] = [Path(sys.executable).parent / "berth", "controller", "--no-discovery"]
    return plane.start(namespace, [*berth, *(f"--{key}={flags[key]}" for key in flags)])


def lines(controller: Component) -> list[Json]:
    """Return what a controller logged."""
    return [json.loads(each) for each in controller.log_path.read_text().splitlines() if each.startswith("{")]


async def test_a_controller_survives_the_end_of_its_own_namespace(control_plane: ControlPlane) -> None:
    """It says what it cannot write, keeps running, and is at work again once the namespace is there again."""
    plane, name = control_plane, "home"
    root = f"/api/v1/namespaces/{name}"
    kept = {
        f"/apis/coordination.k8s.io/v1/namespaces/{name}/leases/berth-controller",
        f"{root}/secrets/berth-authority",
        f"{root}/secrets/berth-webhook-tls",
    }

    def stand() -> bool:
        with suppress(ApiError):
            return all(plane.api.get(path) for path in kept)
        return False

    plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    controller = start(plane, name)
    await asyncio.to_thread(plane.wait, stand, 30, "the controller is at work")
    plane.api.send("DELETE", root, {})
    for path in kept:
        plane.api.send("DELETE", path, {})
    before = len(lines(controller))

    def complains() -> bool:
        return any("being terminated" in json.dumps(each) for each in lines(controller)[before:])

    await asyncio.to_thread(plane.wait, complains, 30, "the log says why it does not work")
    finish(plane, name)
    said = len(lines(controller)) - before
    plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    await asyncio.to_thread(plane.wait, stand, 60, "the controller is at work again")
    plane.check()

    assert said < 100
    assert controller.stop() == 0

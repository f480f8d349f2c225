"""What the tests with a real kube-scheduler share: its configuration, pods, the extender as a program."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from sandbox import ApiError, Component, ControlPlane

PROJECT = Path(__file__).parents[2]
SCHEDULER = "berth-scheduler"
PODS = "/api/v1/namespaces/default/pods"
PRODUCT = "nvidia.com/gpu.product"
H100 = {PRODUCT: "NVIDIA-H100-80GB-HBM3"}
A100 = {PRODUCT: "NVIDIA-A100-SXM4-80GB"}
T4 = {PRODUCT: "Tesla-T4"}

# Pods without a class have priority 0.
MIDDLE, HIGH = "middle", "high"
PRIORITIES = f"""
{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {MIDDLE}}}, value: 100}}
---
{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {HIGH}}}, value: 1000}}
"""

TOLERATIONS = [{"key": key, "operator": "Exists"} for key in ("nvidia.com/gpu", "amd.com/gpu")]

Json = dict[str, Any]


def define(plane: ControlPlane) -> None:
    """Install Berth's definitions, and a class for each kind of hardware."""
    for crd in sorted((PROJECT / "manifests/base/crds").glob("accelerator-*.yaml")):
        plane.apply(crd)
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    plane.apply(PROJECT / "manifests/examples/classes.yaml")


def scheduler_configuration(url: str, *, names: bool = True) -> Json:
    """Return the configuration of a scheduler that asks the extender at this URL about GPUs of two vendors."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "podInitialBackoffSeconds": 1,
        "podMaxBackoffSeconds": 3,
        "profiles": [{"schedulerName": SCHEDULER, "percentageOfNodesToScore": 100}],
        "extenders": [
            {
                "urlPrefix": url,
                "filterVerb": "filter",
                "prioritizeVerb": "prioritize",
                "preemptVerb": "preempt",
                "weight": 10,
                "httpTimeout": "1s",
                "nodeCacheCapable": names,
                "ignorable": True,
                "managedResources": [{"name": "nvidia.com/gpu"}, {"name": "amd.com/gpu"}],
            }
        ],
    }


def gpu_pod(name: str, count: int, resource: str = "nvidia.com/gpu", **spec: Any) -> Json:
    """Return a pod for our scheduler that asks so many GPUs and tolerates what guards them."""
    amounts = {"cpu": "1", "memory": "1Gi", resource: str(count)}
    container = {"name": "engine", "image": "vllm/vllm-openai:v0.23.0", "resources": {"limits": amounts}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"schedulerName": SCHEDULER, "tolerations": TOLERATIONS, "containers": [container], **spec},
    }


@dataclass
class Cluster:
    """A control plane with accelerator nodes and pods that our scheduler places."""

    plane: ControlPlane

    def create(self, *pods: Mapping[str, Any]) -> None:
        """Create pods."""
        for pod in pods:
            self.plane.api.send("POST", PODS, pod)

    def pod(self, name: str) -> Json:
        """Return a pod."""
        return self.plane.api.get(f"{PODS}/{name}")

    def node_of(self, name: str, timeout_seconds: float = 30) -> str:
        """Wait until a pod is bound and return its node."""
        return self.plane.wait(
            lambda: str(self.pod(name)["spec"].get("nodeName", "")), timeout_seconds, f"pod {name} is bound"
        )

    def refusal(self, name: str) -> str:
        """Wait until kube-scheduler has found no node for a pod, and return its message."""

        def message() -> str:
            conditions = self.pod(name)["status"].get("conditions", [])
            return next((each["message"] for each in conditions if each.get("reason") == "Unschedulable"), "")

        return self.plane.wait(message, 30, f"pod {name} is unschedulable")

    def placement(self, name: str) -> Json:
        """Wait until a pod has the placement annotation, and return its content."""

        def text() -> str:
            return str(self.pod(name)["metadata"].get("annotations", {}).get("berth.ome.io/placement", ""))

        content: Json = json.loads(self.plane.wait(text, 20, f"pod {name} has its placement annotation"))
        return content

    def events(self, name: str, reason: str) -> list[Json]:
        """Return the events about a pod with this reason."""
        path = f"/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name={name}"
        return [each for each in self.plane.api.get(path)["items"] if each["reason"] == reason]

    def delete(self, name: str) -> None:
        """Delete a pod at once: no kubelet ends it."""
        self.plane.api.send("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": 0})

    def delete_pods(self) -> None:
        """Delete every pod, and wait until they are gone."""
        for each in self.plane.api.get(PODS)["items"]:
            try:
                self.delete(each["metadata"]["name"])
            except ApiError as error:
                if error.status != 404:
                    raise
        self.plane.wait(lambda: not self.plane.api.get(PODS)["items"], 20, "all pods are gone")


class ExtenderProgram:
    """`berth extender` as a program of its own, ready; `component` is its process."""

    component: Component

    def __init__(self, plane: ControlPlane, kubeconfig: Path | None = None, flags: Sequence[str] = ()) -> None:
        self._plane = plane
        self._flags = flags
        self._kubeconfig = kubeconfig or plane.kubeconfig
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, at the port that it had before."""
        plane, port = self._plane, self.port
        number = len(list(plane.folder.glob("extender-*.log")))
        flags = ("--metrics-address=127.0.0.1", "--metrics-port=0", f"--port={port}", f"--scheduler-name={SCHEDULER}")
        command = [sys.executable, "-c", "import sys; from berth.cli import main; sys.exit(main())"]
        self.component = plane.start(
            f"extender-{number}",
            [*command, "extender", *flags, *self._flags],
            {"KUBECONFIG": str(self._kubeconfig), "PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]},
        )
        self.port = plane.wait(lambda: self._port("extender"), 120, "the extender listens")
        self.url = f"http://127.0.0.1:{self.port}/scheduler"
        self._health = f"http://127.0.0.1:{self._port('health')}"
        plane.wait(self._is_ready, 120, "the extender is ready")

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of one of the extender's metrics."""
        samples = self._samples(name)
        return next(each.value for each in samples if each.labels == labels)

    def total(self, name: str) -> float:
        """Return the sum of one of the extender's metrics over all labels."""
        return sum(each.value for each in self._samples(name))

    def _samples(self, name: str) -> list[Sample]:
        with urlopen(f"{self._health}/metrics") as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return [each for family in families for each in family.samples if each.name == f"berth_extender_{name}"]

    def decision(self, name: str) -> Json:
        """Return what the journal has about a pod."""
        with urlopen(f"http://127.0.0.1:{self.port}/v1/decisions/default/{name}") as answer:
            content: Json = json.load(answer)
        return content

    def switch(self, mode: str) -> None:
        """Switch its mode."""
        body = json.dumps({"mode": mode}).encode()
        with urlopen(Request(f"http://127.0.0.1:{self.port}/v1/mode", body, method="PUT")) as answer:
            assert json.load(answer) == {"mode": mode}

    def _port(self, listener: str) -> int:
        for line in self.component.log_path.read_text().splitlines():
            record = json.loads(line) if line.startswith("{") else {}
            if (record.get("message"), record.get("listener")) == ("listening", listener):
                return int(record["port"])
        return 0

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self._health}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

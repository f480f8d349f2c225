"""The stage of the demo: a control plane with Berth on it, pods to put there, and claims that are checked."""

import json
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.request import Request, urlopen

from demo.installation import MANIFESTS, Installation
from sandbox import ApiError, ControlPlane

Json = dict[str, Any]
DECISION, PLACEMENT = "berth.ome.io/decision", "berth.ome.io/placement"
PRODUCT = "nvidia.com/gpu.product"
PLACED_SECONDS = 30.0
WIDTH = 116


class Stage:
    """Where the story is told; `failed` are the claims that turned out false."""

    def __init__(self, plane: ControlPlane, berth: Installation) -> None:
        self.plane = plane
        self.berth = berth
        self.failed: list[str] = []
        self.claims = 0
        self.extender_port = 0
        self._chapter = 0

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._chapter += 1
        print(f"\n{self._chapter}. {title}", flush=True)

    def say(self, *lines: str) -> None:
        """Print lines of the story, folded."""
        for line in lines:
            print(textwrap.fill(line, WIDTH, initial_indent="   ", subsequent_indent="     "), flush=True)

    def show(self, *lines: str) -> None:
        """Print lines as they are."""
        for line in lines:
            print(f"   │ {line}", flush=True)

    def claim(self, text: str, *, holds: bool) -> None:
        """Print a claim with the verdict of what was read back."""
        print(
            textwrap.fill(text, WIDTH, initial_indent="   ✓ " if holds else "   ✗ ", subsequent_indent="     "),
            flush=True,
        )
        self.claims += 1
        if not holds:
            self.failed.append(text)

    def namespace(self, name: str, injection: str | None = None) -> None:
        """Create a namespace, opted in by label or not."""
        labels = {"berth.ome.io/injection": injection} if injection else {}
        self.plane.api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        label = f", labelled berth.ome.io/injection={injection}" if injection else ", without Berth's label"
        self.say(f"namespace {name}{label}")

    def create(self, namespace: str, pod: Json) -> str:
        """Create a pod as a person does, print and return what kubectl prints: warnings first."""
        command = [str(self.plane.tools / "kubectl"), f"--kubeconfig={self.plane.kubeconfig}", "create", "-f", "-"]
        outcome = subprocess.run(
            [*command, f"--namespace={namespace}"], input=json.dumps(pod), capture_output=True, text=True, check=False
        )
        printed = outcome.stderr + outcome.stdout
        self.show(*printed.strip().splitlines())
        return printed

    def create_quietly(self, namespace: str, pod: Json) -> None:
        """Create a pod without a word."""
        self.plane.api.send("POST", f"/api/v1/namespaces/{namespace}/pods", pod)

    def pod(self, namespace: str, name: str) -> Json:
        """Return a pod as the API server has it."""
        return self.plane.api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def placed(self, namespace: str, name: str) -> Json:
        """Return a pod once it has a node."""

        def found() -> Json | None:
            pod = self.pod(namespace, name)
            return pod if pod["spec"].get("nodeName") else None

        return self.plane.wait(found, PLACED_SECONDS, f"{namespace}/{name} has a node") or {}

    def settled(self, namespace: str, name: str) -> Json:
        """Return a pod once it has a node, or once the scheduler says that it cannot have one."""

        def found() -> Json | None:
            pod = self.pod(namespace, name)
            return pod if pod["spec"].get("nodeName") or _is_refused(pod) else None

        return self.plane.wait(found, PLACED_SECONDS, f"{namespace}/{name} is judged") or {}

    def annotation(self, namespace: str, name: str, key: str) -> Json:
        """Return a JSON annotation of a pod once it is there."""

        def found() -> str:
            return str(self.pod(namespace, name)["metadata"].get("annotations", {}).get(key, ""))

        content: Json = json.loads(self.plane.wait(found, PLACED_SECONDS, f"{namespace}/{name} has {key}"))
        return content

    def delete_pods(self, namespace: str) -> None:
        """Delete all pods of a namespace, and wait until they are gone."""
        self.plane.kubectl("delete", "pods", "--all", f"--namespace={namespace}", "--grace-period=0", "--force")

    def node_labels(self, pod: Json) -> Mapping[str, str]:
        """Return the labels of the node on which a pod stands."""
        labels: Mapping[str, str] = self.plane.api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")["metadata"]["labels"]
        return labels

    def requests_to_webhook(self) -> float:
        """Return how many requests the webhook has counted."""
        with urlopen(f"{self.berth.url('webhook', 'health')}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("berth_webhook_requests_total{"))

    def switch_extender(self, mode: str) -> None:
        """Let the extender decide (active) or pass everything (passthrough), while it runs."""
        body = json.dumps({"mode": mode}).encode()
        url = f"{self.berth.url('extender', 'extender')}/v1/mode"
        with urlopen(Request(url, body, method="PUT"), timeout=5):
            self.say(f"PUT /v1/mode {mode}")

    def apply_example(self, name: str) -> None:
        """Apply one of the shipped examples."""
        self.plane.apply(MANIFESTS / "examples" / name)


def engine_pod(
    name: str,
    *,
    accelerator_class: str = "",
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, str] | None = None,
    **container: Any,
) -> Json:
    """Return a pod that runs vLLM as its author would write it; `resources` are limits."""
    annotations = {"ome.io/accelerator-class": accelerator_class} if accelerator_class else {}
    engine = {
        "name": "vllm",
        "image": "vllm/vllm-openai:v0.33.0",
        "args": ["--model", "meta-llama/Llama-3.1-8B-Instruct"],
        "resources": {"limits": dict(resources or {}), "requests": {"cpu": "4", "memory": "16Gi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels or {}), "annotations": annotations},
        "spec": {"containers": [engine | container]},
    }


def _is_refused(pod: Json) -> bool:
    conditions: Sequence[Json] = pod["status"].get("conditions", [])
    return any(each["type"] == "PodScheduled" and each["status"] == "False" for each in conditions)


__all__ = ["ApiError", "Stage", "engine_pod"]

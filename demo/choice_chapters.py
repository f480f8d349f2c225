"""The chapters about choosing among classes: replicas that outnumber one class, and what a pod would get."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from demo.stage import PRODUCT, Stage, engine_pod

Json = dict[str, Any]

EMBED_PROFILE = """\
apiVersion: berth.ome.io/v1alpha1
kind: AcceleratorProfile
metadata: {name: embed}
spec:
  podSelector: {matchLabels: {app: embed}}
  acceleratorRequirements:
    supportedClasses: [nvidia-l4, nvidia-t4]
    preferredClasses: [nvidia-l4]
"""
REPLICAS = 10


def scaled_out(stage: Stage) -> None:
    """Replicas take the next class when the preferred one is full; none waits."""
    stage.chapter(f"{REPLICAS} replicas at once, more than the preferred class has room for")
    stage.plane.apply(EMBED_PROFILE)
    stage.namespace("scaled", injection="enforce")
    _when_chosen(stage)
    free = _free(stage, "NVIDIA-L4")
    stage.say(f"profile embed prefers nvidia-l4, of which {free} devices are free, and supports nvidia-t4 as well")
    names = [f"embed-{number}" for number in range(REPLICAS)]
    for name in names:
        stage.create_quietly("scaled", engine_pod(name, labels={"app": "embed"}))
    pods = [stage.placed("scaled", name) for name in names]
    left_open = {pod["metadata"]["annotations"]["berth.ome.io/accelerator-class"] for pod in pods}
    stage.claim(
        "both classes would inject the same, so the choice is left to the node: nvidia-l4,nvidia-t4",
        holds=left_open == {"nvidia-l4,nvidia-t4"},
    )
    counts = Counter(stage.node_labels(pod)[PRODUCT] for pod in pods)
    stage.claim(
        f"all {REPLICAS} run, {', '.join(f'{count} on {product}' for product, count in counts.items())}: none waits",
        holds=counts == {"NVIDIA-L4": free, "Tesla-T4": REPLICAS - free},
    )
    stage.delete_pods("scaled")


def previewed(stage: Stage) -> None:
    """What a Deployment's pods would get is told before there is one."""
    stage.chapter("See it before it happens: berth preview of a Deployment")
    template = engine_pod("", labels={"app": "chat"})
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat", "namespace": "ml"},
        "spec": {"template": {"metadata": {"labels": {"app": "chat"}}, "spec": template["spec"]}},
    }
    command = [str(Path(sys.executable).parent / "berth"), "preview", "-f", "-"]
    outcome = subprocess.run(
        [*command, f"--kubeconfig={stage.plane.kubeconfig}"],
        input=json.dumps(deployment),
        capture_output=True,
        text=True,
        check=False,
    )
    stage.show(*(outcome.stdout + outcome.stderr).strip().splitlines())
    stage.claim(
        "it names the class, why, and what would change; nothing was created",
        holds="nvidia-h100-80gb-hbm3" in outcome.stdout and outcome.returncode == 0,
    )


def _free(stage: Stage, product: str) -> int:
    """Return how many devices of a product no pod holds."""
    nodes = stage.plane.api.get(f"/api/v1/nodes?labelSelector={PRODUCT}%3D{product}")["items"]
    names = {each["metadata"]["name"] for each in nodes}
    offered = sum(int(each["status"]["allocatable"]["nvidia.com/gpu"]) for each in nodes)
    pods = (each["spec"] for each in stage.plane.api.get("/api/v1/pods")["items"])
    held = (spec["containers"] for spec in pods if spec.get("nodeName") in names)
    return offered - sum(_devices(each) for containers in held for each in containers)


def _devices(container: Json) -> int:
    return int(container.get("resources", {}).get("limits", {}).get("nvidia.com/gpu", 0))


def _when_chosen(stage: Stage) -> None:
    """Wait until the webhook knows namespace and profile: watches take a moment."""
    probe = engine_pod("probe", labels={"app": "embed"})

    def is_seen() -> bool:
        path = "/api/v1/namespaces/scaled/pods?dryRun=All"
        return "berth.ome.io/decision" in stage.plane.api.send("POST", path, probe)["metadata"].get("annotations", {})

    stage.plane.wait(is_seen, 10.0, "the webhook has seen profile embed")

"""The chapters about scheduling: which node a pod gets, why, and what happens while Berth is away."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from demo.stage import PLACEMENT, PRODUCT, Stage, engine_pod

Json = dict[str, Any]


def explanation(stage: Stage) -> None:
    """Every answer is explained, from the pod alone."""
    stage.chapter("One explanation in full: berth explain ml/chat")
    stage.annotation("ml", "chat", PLACEMENT)
    told = _explained(stage, "ml/chat")
    node = stage.pod("ml", "chat")["spec"]["nodeName"]
    stage.claim(
        "it names class, profile and node", holds=all(word in told for word in ("h100-80gb", "profile chat", node))
    )
    with urlopen(f"{stage.berth.url('extender', 'extender')}/v1/decisions/ml/chat", timeout=5) as answer:
        journal = json.loads(answer.read())
    stage.claim("GET /v1/decisions/ml/chat of the extender tells the same node", holds=node in json.dumps(journal))


def fragmentation(stage: Stage) -> None:
    """Small pods go where they strand least, so that large ones still find empty nodes."""
    stage.chapter("Fragmentation: two pods of one H100, then two of eight, on three nodes of eight")
    stage.say(
        "h100-0 has two devices in use, h100-1 is idle, h100-2 has idle devices beside a pod with much cpu and memory"
    )
    for namespace in ("ml", "legacy"):
        stage.delete_pods(namespace)
    stage.namespace("packed", injection="enforce")
    spread = _filled(stage, "legacy", "default-scheduler")
    stage.switch_extender("passthrough")
    packed = _filled(stage, "packed", "kube-scheduler that packs, without Berth's extender")
    stage.switch_extender("active")
    chosen = _filled(stage, "packed", "the same kube-scheduler with Berth's extender", keep=True)
    stage.claim("with the default scheduler a large pod waits", holds="" in spread)
    stage.claim("packing alone is not enough: a large pod waits", holds="" in packed)
    stage.claim(f"with Berth both run, on {' and '.join(chosen)}", holds=all(chosen))


def no_room(stage: Stage) -> None:
    """A pod that waits is told for what."""
    stage.chapter("No room left: why the third large pod waits")
    stage.create_quietly("packed", _h100_pod("large-2", 8))
    stage.settled("packed", "large-2")
    stage.plane.wait(lambda: "NoAccelerator" in _events(stage, "large-2"), 20, "an Event says why large-2 waits")
    told = _explained(stage, "packed/large-2")
    stage.claim("it is said how many nodes are the wrong hardware, and how many are full", holds=_tells_counts(told))
    stage.plane.kubectl("delete", "pod", "large-0", "--namespace=packed", "--grace-period=0", "--force")
    node = stage.placed("packed", "large-2")["spec"]["nodeName"]
    stage.claim(f"when large-0 is gone, large-2 runs on {node}", holds=bool(node))


def away(stage: Stage) -> None:
    """Berth's programs die, and pods are created and placed all the same."""
    stage.chapter("Berth is away: the webhook and the extender are killed")
    stage.berth.kill("webhook")
    stage.berth.kill("extender")
    stage.create("ml", engine_pod("alone", accelerator_class="nvidia-l4"))
    stage.claim(
        "the webhook is dead: the pod was created at once, as it is",
        holds="nodeSelector" not in stage.pod("ml", "alone")["spec"],
    )
    handed = _h100_pod("handed", 1)
    handed["spec"]["schedulerName"] = "berth-scheduler"
    stage.create_quietly("packed", handed)
    node = stage.placed("packed", "handed")["spec"]["nodeName"]
    stage.claim(f"the extender is dead: its kube-scheduler places a pod on {node}", holds=node.startswith("h100-"))
    stage.berth.start_extender(stage.extender_port)
    stage.berth.start_webhook()
    stage.create_quietly("ml", engine_pod("again", accelerator_class="nvidia-l4"))
    stage.claim("both are back: the next pod gets its class", holds="nodeSelector" in stage.pod("ml", "again")["spec"])


def _explained(stage: Stage, pod: str) -> str:
    """Return what `berth explain` prints for a pod, after showing it."""
    command = [str(Path(sys.executable).parent / "berth"), "explain", pod, f"--kubeconfig={stage.plane.kubeconfig}"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    stage.show(*(outcome.stdout + outcome.stderr).strip().splitlines())
    return outcome.stdout


def _events(stage: Stage, name: str) -> str:
    return stage.plane.kubectl(
        "get", "events", "--namespace=packed", f"--field-selector=involvedObject.name={name}", "--output=json"
    )


def _tells_counts(told: str) -> bool:
    return "3 node(s) with too few free nvidia.com/gpu" in told and "not selected by the pod" in told


def _filled(stage: Stage, namespace: str, who: str, *, keep: bool = False) -> list[str]:
    """Create the pods one after another; return the nodes of the large ones, empty where one waits."""
    for name, pod in (("used", _h100_pod("used", 2)), ("ballast", _ballast())):
        pod["spec"]["nodeName"] = "h100-0" if name == "used" else "h100-2"
        stage.create_quietly(namespace, pod)
        stage.placed(namespace, name)
    nodes = {}
    for name, count in (("small-0", 1), ("small-1", 1), ("large-0", 8), ("large-1", 8)):
        stage.create_quietly(namespace, _h100_pod(name, count))
        nodes[name] = str(stage.settled(namespace, name)["spec"].get("nodeName", ""))
    stage.say(f"{who}: " + ", ".join(f"{name} → {node or 'waits'}" for name, node in nodes.items()))
    if not keep:
        stage.delete_pods(namespace)
    return [nodes["large-0"], nodes["large-1"]]


def _ballast() -> Json:
    """Return a pod with much cpu and memory and no accelerator."""
    container = {"name": "indexer", "image": "indexer:1", "resources": {"requests": {"cpu": "170", "memory": "1500Gi"}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ballast"}, "spec": {"containers": [container]}}


def _h100_pod(name: str, count: int) -> Json:
    """Return a pod that is the same for both schedulers: its author selects nodes and tolerates taints by hand."""
    pod = engine_pod(name, accelerator_class="nvidia-h100-80gb-hbm3", resources={"nvidia.com/gpu": str(count)})
    pod["spec"] |= {
        "nodeSelector": {PRODUCT: "NVIDIA-H100-80GB-HBM3"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }
    return pod

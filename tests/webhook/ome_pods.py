"""Pods as OME's controller creates them."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def ome_pod(
    service: str,
    component: str = "engine",
    *,
    runtime: str = "",
    model: str = "",
    container: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Json:
    """Return a pod as OME's RawDeployment renders it; `container` and `spec` hold what it merged from its objects."""
    said = {
        "ome.io/serving-runtime": runtime,
        "ome.io/base-model-name": model,
        "ome.io/deploymentMode": "RawDeployment",
    }
    labels = {
        "app": f"{service}-{component}",
        "ome.io/inferenceservice": service,
        "component": component,
        "serving-runtime": runtime,
        "base-model-name": model,
        "base-model-size": "SMALL",
        "base-model-type": "Serving",
        "fine-tuned-serving": "false",
    }
    return {
        "metadata": {
            "generateName": f"{service}-{component}-6f5d4c3b2-",
            "labels": {key: text for key, text in labels.items() if text},
            "annotations": {key: text for key, text in said.items() if text},
            "ownerReferences": [_replica_set(f"{service}-{component}-6f5d4c3b2")],
        },
        "spec": {"containers": [_runner(service, model, container or {})], **spec},
    }


def _runner(service: str, model: str, merged: Mapping[str, Any]) -> Json:
    """Return the container that runs the model; OME counts its GPUs in a variable."""
    gpus = merged.get("resources", {}).get("limits", {}).get("nvidia.com/gpu", "")
    env = {"MODEL_PATH": f"/mnt/data/models/{model}", "PARALLELISM_SIZE": gpus, "SERVED_MODEL_NAME": service}
    return {
        "name": "ome-container",
        "image": "docker.io/lmsysorg/sglang:v0.5.5",
        "env": [{"name": name, "value": text} for name, text in env.items() if text],
        **merged,
    }


def _replica_set(name: str) -> Json:
    uid = "00000000-0000-0000-0000-000000000061"
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": uid, "controller": True}

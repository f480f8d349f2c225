"""OME's serving objects for tests, as JSON and as what is read of them."""

import json
from typing import Any

from cluster.custom_objects import Judged
from cluster.serving_objects import base_model, inference_service, serving_runtime
from placement.asking.layers import Layer
from placement.asking.serving import InferenceService, Runtime

GOOD = {"selector": {"acceleratorClass": "good"}, "runner": {"args": ["--tp=1"]}}

JUDGES = {
    "ServingRuntime": serving_runtime,
    "ClusterServingRuntime": serving_runtime,
    "InferenceService": inference_service,
    "BaseModel": base_model,
    "ClusterBaseModel": base_model,
}


def judged(content: dict[str, Any]) -> Judged[Any]:
    """Return what an object says."""
    judge: Any = JUDGES[content["kind"]]
    found: Judged[Any] = judge(json.dumps(content).encode())
    return found


def runtime_of(**spec: Any) -> Judged[Runtime]:
    """Return what a ServingRuntime says."""
    return serving_runtime(json.dumps({"metadata": {"name": "r", "namespace": "ml"}, "spec": spec}).encode())


def service_of(**spec: Any) -> Judged[InferenceService]:
    """Return what an InferenceService says."""
    return inference_service(json.dumps({"metadata": {"name": "s", "namespace": "ml"}, "spec": spec}).encode())


def layer_of(found: Judged[Any]) -> Layer:
    """Return what an object says of classes."""
    assert found.value is not None
    layer: Layer = found.value.layer
    return layer

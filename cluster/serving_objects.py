"""OME's serving objects as the domain sees them, each as far as it can be understood."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from cluster.custom_objects import Judged
from cluster.findings import ShapeT, leniently
from cluster.serving_shapes import ModelShape, RuntimeShape, ServiceShape
from cluster.shapes import MalformedObject, decoded
from placement.asking.serving import BaseModel, InferenceService, Runtime

V = TypeVar("V")

_ANYTHING = msgspec.json.Decoder()


def serving_runtime(raw: bytes) -> Judged[Runtime]:
    """Return the runtime that a ServingRuntime or ClusterServingRuntime describes."""
    return _judged(raw, RuntimeShape, lambda shape: shape.runtime)


def inference_service(raw: bytes) -> Judged[InferenceService]:
    """Return what an InferenceService asks for."""
    return _judged(raw, ServiceShape, lambda shape: shape.service)


def base_model(raw: bytes) -> Judged[BaseModel]:
    """Return the model that a BaseModel or ClusterBaseModel describes."""
    return _judged(raw, ModelShape, lambda shape: shape.model)


def _judged(raw: bytes, shape: type[ShapeT], value: Callable[[ShapeT], V]) -> Judged[V]:
    try:
        content = decoded(_ANYTHING, raw)
    except MalformedObject as error:
        return Judged(None, (str(error),))
    understood, problems = leniently(shape, content)
    return Judged(value(understood) if understood else None, problems)

"""The definition of AcceleratorClass that is installed, Berth's or OME's, as the API server publishes it.

Everybody who is authenticated may read /openapi/v3 (ClusterRole system:discovery), and it tells what the API server
keeps of an object (structural schemas: a field that is not there is pruned without a word).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from cluster.api import Api

INDEX_PATH = "/openapi/v3"
GROUP = "apis/ome.io/v1beta1"

# What Berth's definition of a class has and OME's has not, but for what Berth's refuses.
FIELDS = (
    "spec.allowedNamespaces",
    "spec.capabilities.levelZeroVersion",
    "spec.capabilities.minComputeCapability",
    "spec.capabilities.performance.fp16TFLOPS",
    "spec.capabilities.performance.fp32TFLOPS",
    "spec.capabilities.performance.fp8TFLOPS",
    "spec.capabilities.performance.fp8Tflops",
    "spec.capabilities.performance.int4TOPS",
    "spec.capabilities.performance.int8TOPS",
    "spec.capabilities.rocmVersion",
    "spec.discovery.nodeSelectorTerms",
    "spec.scalableFromZero",
    "spec.tolerations",
    "status.unavailableNodes",
)

Schema = Mapping[str, Any]


class _Place(msgspec.Struct, rename={"url": "serverRelativeURL"}):
    url: str = ""


class _Index(msgspec.Struct):
    paths: dict[str, _Place]


class _Components(msgspec.Struct):
    schemas: dict[str, msgspec.Raw]


class _Document(msgspec.Struct):
    components: _Components


async def definition_version(api: Api) -> str:
    """Return what is another text when the definition is another one; empty where none is installed.

    Raises ApiError.
    """
    index = msgspec.json.decode(await api.get(INDEX_PATH), type=_Index)
    return index.paths.get(GROUP, _Place()).url


async def pruned_fields(api: Api) -> tuple[str, ...]:
    """Return the fields that the API server drops of every class. Raises ApiError."""
    document = msgspec.json.decode(await api.get(f"{INDEX_PATH}/{GROUP}"), type=_Document)
    found = (raw for name, raw in document.components.schemas.items() if name.endswith(".AcceleratorClass"))
    schema: Schema = next(map(msgspec.json.decode, found), {})
    return tuple(each for each in FIELDS if not _keeps(schema, each.split(".")))


def _keeps(schema: Schema, path: list[str]) -> bool:
    """Tell whether a field is kept; objects that say nothing of their fields drop them all."""
    if not path or schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    field = schema.get("properties", {}).get(path[0])
    return field is not None and _keeps(field, path[1:])

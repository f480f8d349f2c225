"""Who holds a node: asked of the API server where the account, which knows amounts alone, does not tell."""

import msgspec

from cluster.api import Api
from cluster.objects import decode_pod
from cluster.shapes import Metadata, Shape
from placement.pods import Pod


class _Node(Shape):
    metadata: Metadata


class _Pods(Shape):
    items: list[msgspec.Raw] | None = None


_NODE = msgspec.json.Decoder(_Node)
_PODS = msgspec.json.Decoder(_Pods)


async def node_uid(api: Api, name: str) -> str:
    """Return the uid of a node; raises ApiError."""
    return _NODE.decode(await api.get(f"/api/v1/nodes/{name}")).metadata.uid


async def pods_on(api: Api, node: str) -> list[Pod]:
    """Return the unfinished pods that are bound to a node; raises ApiError, and MalformedObject."""
    selector = f"spec.nodeName={node},status.phase!=Succeeded,status.phase!=Failed"
    return [
        decode_pod(raw) for raw in _PODS.decode(await api.get("/api/v1/pods", {"fieldSelector": selector})).items or ()
    ]

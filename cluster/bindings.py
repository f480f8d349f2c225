"""Bindings: a pod's node, and annotations that come to stand on it by the same write; all functions raise ApiError."""

from collections.abc import Mapping

from cluster.api import Api
from cluster.objects import decode_pod
from placement.pods import Pod


async def bind(api: Api, pod: Pod, node: str, annotations: Mapping[str, str]) -> None:
    """Bind this very pod to a node; one that is bound already, or another one of the same name, is refused with 409.

    kube-apiserver copies the annotations of a Binding onto the pod: registry/core/pod/storage, assignPod.
    """
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid, "annotations": dict(annotations)},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    await api.create(f"{_path(pod)}/binding", body)


async def fetch(api: Api, pod: Pod) -> Pod:
    """Return the pod of this namespace and name as the API server has it: it may be another one (uid)."""
    return decode_pod(await api.get(_path(pod)))


def _path(pod: Pod) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"

"""A cluster that stands in files: objects as users write them, read and kept as those of an API server are."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cluster.kinds import AUTOSCALER_STATUS, Kind
from cluster.shapes import MalformedObject
from cluster.view import ClusterView

Json = dict[str, Any]

# By API group and kind; pods are told apart by their users, because they may be on their way as well.
_KINDS: Mapping[tuple[str, str], Kind] = {
    ("", "Node"): Kind.NODES,
    ("", "Pod"): Kind.PODS,
    ("", "Namespace"): Kind.NAMESPACES,
    ("", "ResourceQuota"): Kind.QUOTAS,
    ("", "LimitRange"): Kind.LIMIT_RANGES,
    ("ome.io", "AcceleratorClass"): Kind.CLASSES,
    ("berth.ome.io", "AcceleratorProfile"): Kind.PROFILES,
    ("ome.io", "ServingRuntime"): Kind.RUNTIMES,
    ("ome.io", "ClusterServingRuntime"): Kind.CLUSTER_RUNTIMES,
    ("ome.io", "InferenceService"): Kind.SERVICES,
    ("ome.io", "BaseModel"): Kind.MODELS,
    ("ome.io", "ClusterBaseModel"): Kind.CLUSTER_MODELS,
    ("kueue.x-k8s.io", "ResourceFlavor"): Kind.FLAVORS,
    ("kueue.x-k8s.io", "ClusterQueue"): Kind.CLUSTER_QUEUES,
    ("kueue.x-k8s.io", "LocalQueue"): Kind.LOCAL_QUEUES,
    ("karpenter.sh", "NodePool"): Kind.NODE_POOLS,
}
_WITHOUT_NAMESPACE = frozenset(
    {
        Kind.NODES,
        Kind.NAMESPACES,
        Kind.CLASSES,
        Kind.PROFILES,
        Kind.CLUSTER_RUNTIMES,
        Kind.CLUSTER_MODELS,
        Kind.FLAVORS,
        Kind.CLUSTER_QUEUES,
        Kind.NODE_POOLS,
    }
)


def kind_of(written: Json) -> Kind | None:
    """Return which of the kinds that Berth reads of a cluster an object is of, or None."""
    group, slash, _ = str(written.get("apiVersion", "")).rpartition("/")
    kind = (group if slash else "", str(written.get("kind", "")))
    return Kind.AUTOSCALER_STATUS if kind == ("", "ConfigMap") and _is_status(written) else _KINDS.get(kind)


def take(view: ClusterView, kind: Kind, written: Json, namespace: str) -> None:
    """Put an object into a view; `namespace` is for objects that state none. Raises MalformedObject."""
    metadata = written.get("metadata")
    if not isinstance(metadata, dict):
        raise MalformedObject("metadata", "is missing")
    view.take(kind, msgspec.json.encode({**written, "metadata": _completed(metadata, kind, namespace)}))


def problems(view: ClusterView) -> Iterator[str]:
    """Yield what is wrong with custom objects of a view, one sentence for each field."""
    named = {
        **{f"AcceleratorClass {name}": found for name, found in view.class_problems.items()},
        **{f"AcceleratorProfile {name}": found for name, found in view.profile_problems.items()},
        **view.serving_problems,
        **view.queueing_problems,
        **view.supply_problems,
    }
    return (f"{name}: {each}" for name, found in named.items() for each in found)


def _is_status(written: Json) -> bool:
    metadata = written.get("metadata")
    return isinstance(metadata, dict) and metadata.get("name") == AUTOSCALER_STATUS


def _completed(metadata: Json, kind: Kind, namespace: str) -> Json:
    """Add what an API server adds and the account needs: the namespace, and what tells pods apart."""
    if kind in _WITHOUT_NAMESPACE:
        return metadata
    placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
    return {**placed, "uid": metadata.get("uid") or f"{placed['namespace']}/{metadata.get('name', '')}"}

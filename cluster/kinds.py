"""The kinds of objects that can be watched, and where the API has them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cluster.allowance_shapes import decode_limit_range, decode_quota
from cluster.custom_objects import decode_custom_object
from cluster.objects import decode_namespace, decode_node
from cluster.reflector import Resource
from cluster.shapes import NodeShape
from cluster.standing import StandingPod, decode_standing_pod

NAMESPACES_PATH = "/api/v1/namespaces"
CLASSES_PATH = "/apis/ome.io/v1beta1/acceleratorclasses"
PROFILES_PATH = "/apis/berth.ome.io/v1alpha1/acceleratorprofiles"
NODE_POOLS_PATH = "/apis/karpenter.sh/v1/nodepools"
AUTOSCALER_STATUS = "cluster-autoscaler-status"


class Kind(StrEnum):
    """What can be watched."""

    NODES = "nodes"
    PODS = "pods"
    NAMESPACES = "namespaces"
    CLASSES = "classes"
    PROFILES = "profiles"
    RUNTIMES = "serving runtimes"
    CLUSTER_RUNTIMES = "cluster serving runtimes"
    SERVICES = "inference services"
    MODELS = "base models"
    CLUSTER_MODELS = "cluster base models"
    QUOTAS = "resource quotas"
    LIMIT_RANGES = "limit ranges"
    NODE_POOLS = "node pools"
    AUTOSCALER_STATUS = "status of cluster-autoscaler"
    FLAVORS = "resource flavors"
    CLUSTER_QUEUES = "cluster queues"
    LOCAL_QUEUES = "local queues"


# Finished pods hold nothing; the server reports a pod that finishes as deleted from such a watch.
_UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"


def _custom(path: str, *other_paths: str) -> Resource[Any]:
    """Return custom objects, whose definition may be missing."""
    return Resource(path, decode_custom_object, lambda each: each.key, is_optional=True, other_paths=other_paths)


def _kueue(plural: str) -> Resource[Any]:
    """Return objects of Kueue in the first version that is served; in what counts all say the same."""
    return _custom(*(f"/apis/kueue.x-k8s.io/{version}/{plural}" for version in ("v1beta2", "v1beta1", "v1")))


RESOURCES: Mapping[Kind, Resource[Any]] = {
    Kind.NODES: Resource("/api/v1/nodes", decode_node, lambda node: node.name, shape=NodeShape),
    Kind.PODS: Resource(
        "/api/v1/pods", decode_standing_pod, lambda pod: pod.uid, field_selector=_UNFINISHED, shape=StandingPod
    ),
    Kind.NAMESPACES: Resource(NAMESPACES_PATH, decode_namespace, lambda namespace: namespace.name),
    Kind.CLASSES: _custom(CLASSES_PATH),
    Kind.PROFILES: _custom(PROFILES_PATH),
    Kind.RUNTIMES: _custom("/apis/ome.io/v1beta1/servingruntimes"),
    Kind.CLUSTER_RUNTIMES: _custom("/apis/ome.io/v1beta1/clusterservingruntimes"),
    Kind.SERVICES: _custom("/apis/ome.io/v1beta1/inferenceservices"),
    Kind.MODELS: _custom("/apis/ome.io/v1beta1/basemodels"),
    Kind.CLUSTER_MODELS: _custom("/apis/ome.io/v1beta1/clusterbasemodels"),
    Kind.QUOTAS: Resource("/api/v1/resourcequotas", decode_quota, lambda each: each.key),
    Kind.LIMIT_RANGES: Resource("/api/v1/limitranges", decode_limit_range, lambda each: each.key),
    Kind.NODE_POOLS: _custom(NODE_POOLS_PATH),
    Kind.AUTOSCALER_STATUS: Resource(
        "/api/v1/namespaces/kube-system/configmaps",
        decode_custom_object,
        lambda each: each.key,
        field_selector=f"metadata.name={AUTOSCALER_STATUS}",
    ),
    Kind.FLAVORS: _kueue("resourceflavors"),
    Kind.CLUSTER_QUEUES: _kueue("clusterqueues"),
    Kind.LOCAL_QUEUES: _kueue("localqueues"),
}

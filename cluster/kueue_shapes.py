"""Kueue's ResourceFlavors, ClusterQueues and LocalQueues, of which v1beta1, v1beta2 and v1 say the same in what counts.

The source is apis/kueue of kubernetes-sigs/kueue. What one of them says wrong is said in sentences; it is then not
known, because half a flavor or queue would let pods go where they must not.
"""

from typing import Annotated, Literal

from pydantic import Field

from cluster.custom_objects import validated
from cluster.names import LabelKey, LabelValue
from cluster.selectors import Labels, Model
from placement.queueing.flavors import MAX_LABELS, Flavor
from placement.queueing.queues import ClusterQueue, LocalQueue, ResourceGroup
from placement.taints import Taint, Toleration


class _Named(Model):
    name: str
    namespace: str = ""


class _Taint(Model):
    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class _Toleration(Model):
    key: LabelKey | Literal[""] = ""
    operator: Literal["", "Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: int | None = None


class _FlavorSpec(Model):
    node_labels: Annotated[Labels, Field(max_length=MAX_LABELS)] = Field(default_factory=dict)
    node_taints: tuple[_Taint, ...] = ()
    tolerations: tuple[_Toleration, ...] = ()
    topology_name: str = ""


class _FlavorShape(Model):
    metadata: _Named
    spec: _FlavorSpec = _FlavorSpec()


class _FlavorQuotas(Model):
    name: str


class _ResourceGroup(Model):
    covered_resources: frozenset[str] = frozenset()
    flavors: tuple[_FlavorQuotas, ...] = ()


class _ClusterQueueSpec(Model):
    resource_groups: tuple[_ResourceGroup, ...] = ()


class _ClusterQueueShape(Model):
    metadata: _Named
    spec: _ClusterQueueSpec = _ClusterQueueSpec()


class _LocalQueueSpec(Model):
    cluster_queue: str = ""


class _LocalQueueShape(Model):
    metadata: _Named
    spec: _LocalQueueSpec = _LocalQueueSpec()


def flavor(raw: bytes) -> Flavor:
    """Return the flavor that a ResourceFlavor describes; raises InvalidObject."""
    shape = validated(_FlavorShape, raw)
    spec = shape.spec
    return Flavor(
        shape.metadata.name,
        spec.node_labels,
        tuple(Taint(each.key, each.value, each.effect) for each in spec.node_taints),
        tuple(_toleration(each) for each in spec.tolerations),
        spec.topology_name,
    )


def cluster_queue(raw: bytes) -> ClusterQueue:
    """Return the queue that a ClusterQueue describes; raises InvalidObject."""
    shape = validated(_ClusterQueueShape, raw)
    groups = (
        ResourceGroup(each.covered_resources, tuple(quotas.name for quotas in each.flavors))
        for each in shape.spec.resource_groups
    )
    return ClusterQueue(shape.metadata.name, tuple(groups))


def local_queue(raw: bytes) -> LocalQueue:
    """Return the queue that a LocalQueue describes; raises InvalidObject."""
    shape = validated(_LocalQueueShape, raw)
    return LocalQueue(shape.metadata.namespace, shape.metadata.name, shape.spec.cluster_queue)


def _toleration(model: _Toleration) -> Toleration:
    return Toleration(model.key, model.operator or "Equal", model.value, model.effect, model.toleration_seconds)

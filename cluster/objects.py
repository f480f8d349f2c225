"""Nodes, pods and namespaces as the domain sees them, from the JSON of the API server, a review or the scheduler."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from cluster.amounts import amounts, quantities
from cluster.failures import failure_of
from cluster.shapes import (
    Affinity,
    ContainerShape,
    EnvVarShape,
    ExpressionShape,
    Lifecycle,
    MalformedObject,
    Metadata,
    NamespaceShape,
    NodeAffinity,
    NodeShape,
    OwnSpec,
    PodShape,
    PodSpec,
    PodStatus,
    Quantities,
    Resources,
    TermShape,
    TolerationShape,
    decoded,
)
from placement.inventory import NodeInventory
from placement.pods import Container, EnvVar, Pod
from placement.selection import NOWHERE, Expression, NodeSelection, Term
from placement.taints import Taint, Toleration

__all__ = [
    "MalformedObject",
    "Namespace",
    "check_pod",
    "decode_namespace",
    "decode_node",
    "decode_pod",
    "pod_of",
    "read_pod",
    "template_of",
]

FINISHED = frozenset({"Succeeded", "Failed"})

# Labels and annotations by which gang schedulers know the group of a pod.
_GANG_KEYS = frozenset(
    {
        "scheduling.k8s.io/pod-group",
        "scheduling.x-k8s.io/pod-group",
        "pod-group.scheduling.sigs.k8s.io",
        "pod-group.scheduling.sigs.k8s.io/name",
        "scheduling.k8s.io/group-name",
        "volcano.sh/job-name",
        "gang.scheduling.koordinator.sh/name",
        "pod-group-name",
    }
)

_NODE = msgspec.json.Decoder(NodeShape)
_POD = msgspec.json.Decoder(PodShape)
_NAMESPACE = msgspec.json.Decoder(NamespaceShape)
_ENV = msgspec.json.Decoder(list[EnvVarShape] | None)

# Replicas share their variables, which may be hundreds; longer lists than these bytes are read each time.
_SHARED_LISTS, _SHARED_BYTES = 128, 2**16


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace and what its labels opt in to."""

    name: str
    labels: Mapping[str, str]


def decode_namespace(raw: bytes | msgspec.Raw) -> Namespace:
    """Return a namespace; raises MalformedObject."""
    shape = decoded(_NAMESPACE, raw)
    return Namespace(shape.metadata.name, shape.metadata.labels or {})


def decode_node(given: bytes | msgspec.Raw | NodeShape) -> NodeInventory:
    """Return what a node says of itself: nothing held, no classes yet; raises MalformedObject.

    A node that says nothing of being ready counts as ready, as it does for kube-scheduler, which goes by taints.
    """
    shape = given if isinstance(given, NodeShape) else decoded(_NODE, given)
    ready = [each.status == "True" for each in shape.status.conditions or () if each.type == "Ready"]
    return NodeInventory(
        shape.metadata.name,
        labels=shape.metadata.labels or {},
        taints=tuple(Taint(each.key, each.value, each.effect) for each in shape.spec.taints or ()),
        allocatable=amounts("status.allocatable", shape.status.allocatable),
        is_schedulable=not shape.spec.unschedulable,
        is_ready=all(ready),
    )


def decode_pod(raw: bytes | msgspec.Raw, namespace: str = "") -> Pod:
    """Return a pod; raises MalformedObject.

    A namespace that is given outweighs the pod's own, which is empty at admission. A pod that waits for its name is
    called by the beginning of it (generateName).
    """
    return pod_of(read_pod(raw), namespace)


def read_pod(raw: bytes | msgspec.Raw) -> PodShape:
    """Return what decides of a pod, as it is written; raises MalformedObject."""
    return decoded(_POD, raw)


def template_of(shape: PodShape) -> bytes:
    """Return what a pod says beside its own name: replicas of one template say the same."""
    anonymous = msgspec.structs.replace(shape.metadata, name="", generate_name="", uid="", resource_version="")
    return msgspec.json.encode(msgspec.structs.replace(shape, metadata=anonymous))


def pod_of(shape: PodShape, namespace: str = "") -> Pod:
    """Return the pod that is written so, as decode_pod does; raises MalformedObject."""
    metadata, spec = shape.metadata, shape.spec
    return Pod(
        **own_words(metadata, spec, shape.status or PodStatus(), namespace),
        containers=_containers("spec.containers", spec.containers, metadata),
        init_containers=_containers("spec.initContainers", spec.init_containers, metadata),
        selection=_selection(spec),
        tolerations=tuple(map(_toleration, spec.tolerations or ())),
        overhead=quantities("spec.overhead", spec.overhead),
        pod_level=quantities("spec.resources.requests", _requests(spec.resources)),
        has_soft_wishes=_has_soft_wishes(spec),
    )


def own_words(metadata: Metadata, spec: OwnSpec, status: PodStatus, namespace: str = "") -> dict[str, Any]:
    """Return what a pod says beside what it asks of a node, by the names of its fields."""
    return {
        "namespace": namespace or metadata.namespace,
        "name": metadata.name or metadata.generate_name,
        "uid": metadata.uid,
        "labels": metadata.labels or {},
        "annotations": metadata.annotations or {},
        "scheduler_name": spec.scheduler_name,
        "owner": _owner(metadata),
        "node": spec.node_name,
        "in_gang": _is_in_gang(metadata, spec),
        "is_finished": status.phase in FINISHED,
        "is_terminating": metadata.deletion_timestamp is not None,
        "is_unschedulable": _is_unschedulable(status),
        "priority_class": spec.priority_class_name,
        "priority": spec.priority or 0,
        "nominated_node": status.nominated_node_name,
        "is_time_bound": spec.active_deadline_seconds is not None,
        "created_at": metadata.creation_timestamp or "",
        "is_running": status.phase == "Running",
        "failure": failure_of(status),
    }


def check_pod(raw: bytes | msgspec.Raw) -> None:
    """Raise MalformedObject where decode_pod would."""
    spec = decoded(_POD, raw).spec
    for field, given in (("overhead", spec.overhead), ("resources.requests", _requests(spec.resources))):
        quantities(f"spec.{field}", given)
    for field, shapes in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for index, each in enumerate(shapes or ()):
            _check_container(f"spec.{field}[{index}]", each)


def _requests(resources: Resources | None) -> Quantities:
    return resources.requests if resources else None


def _check_container(place: str, shape: ContainerShape) -> None:
    _env_shapes(place, bytes(shape.env))
    resources = shape.resources or Resources()
    quantities(f"{place}.resources.requests", resources.requests)
    quantities(f"{place}.resources.limits", resources.limits)


def _containers(place: str, shapes: list[ContainerShape] | None, metadata: Metadata) -> tuple[Container, ...]:
    return tuple(_container(f"{place}[{index}]", each, metadata) for index, each in enumerate(shapes or ()))


def _container(place: str, shape: ContainerShape, metadata: Metadata) -> Container:
    resources = shape.resources or Resources()
    return Container(
        shape.name,
        shape.image,
        tuple(shape.command or ()),
        tuple(shape.args or ()),
        _settled(_env(place, bytes(shape.env)), metadata),
        quantities(f"{place}.resources.requests", resources.requests),
        quantities(f"{place}.resources.limits", resources.limits),
        claims_devices=bool(resources.claims),
        is_sidecar=shape.restart_policy == "Always",
        has_unseen_env=bool(shape.env_from),
        after_start=_after_start(shape),
    )


def _after_start(shape: ContainerShape) -> tuple[str, ...]:
    """Return what runs beside the container's own program from its start: a hook, or a probe that fetches a model."""
    hooks = ((shape.lifecycle or Lifecycle()).post_start, shape.startup_probe)
    return next((tuple(hook.exec.command or ()) for hook in hooks if hook and hook.exec), ())


def _env(place: str, raw: bytes) -> tuple[EnvVar, ...]:
    return _shared_env(place, raw) if len(raw) <= _SHARED_BYTES else _read_env(place, raw)


def _read_env(place: str, raw: bytes) -> tuple[EnvVar, ...]:
    return tuple(map(_env_var, _env_shapes(place, raw)))


_shared_env = lru_cache(_SHARED_LISTS)(_read_env)


def _env_shapes(place: str, raw: bytes) -> list[EnvVarShape]:
    try:
        return decoded(_ENV, raw) or []
    except MalformedObject as error:
        raise MalformedObject(f"{place}.env{error.field}", error.found) from None


def _env_var(shape: EnvVarShape) -> EnvVar:
    if shape.value_from is None:
        return EnvVar(shape.name, shape.value or "")
    field = shape.value_from.field_ref
    return EnvVar(shape.name, field=field.field_path if field else "")


def _settled(env: tuple[EnvVar, ...], metadata: Metadata) -> tuple[EnvVar, ...]:
    """Return variables with the values of those that name a label or an annotation that the pod has."""
    if not any(each.field for each in env):
        return env
    named = {f"metadata.labels['{key}']": text for key, text in (metadata.labels or {}).items()}
    named |= {f"metadata.annotations['{key}']": text for key, text in (metadata.annotations or {}).items()}
    return tuple(EnvVar(each.name, named[each.field]) if each.field in named else each for each in env)


def _selection(spec: PodSpec) -> NodeSelection:
    affinity = (spec.affinity or Affinity()).node_affinity or NodeAffinity()
    required = affinity.required_during_scheduling_ignored_during_execution
    return NodeSelection(spec.node_selector or {}, _terms(required.node_selector_terms or ()) if required else ())


def _terms(shapes: Iterable[TermShape]) -> tuple[Term, ...]:
    """Return the terms that can select; where none can, one that selects nothing."""
    terms = [Term(_expressions(each.match_expressions), _expressions(each.match_fields)) for each in shapes]
    return tuple(each for each in terms if each != NOWHERE) or (NOWHERE,)


def _expressions(shapes: list[ExpressionShape] | None) -> tuple[Expression, ...]:
    return tuple(Expression(each.key, each.operator, tuple(each.values or ())) for each in shapes or ())


def _toleration(shape: TolerationShape) -> Toleration:
    return Toleration(shape.key, shape.operator or "Equal", shape.value, shape.effect, shape.toleration_seconds)


def _owner(metadata: Metadata) -> str:
    return next((each.uid for each in metadata.owner_references or () if each.controller), "")


def _has_soft_wishes(spec: PodSpec) -> bool:
    affinity = spec.affinity or Affinity()
    attractions = (affinity.node_affinity, affinity.pod_affinity, affinity.pod_anti_affinity)
    if any(each and each.preferred_during_scheduling_ignored_during_execution for each in attractions):
        return True
    return any(each.when_unsatisfiable == "ScheduleAnyway" for each in spec.topology_spread_constraints or ())


def _is_in_gang(metadata: Metadata, spec: OwnSpec) -> bool:
    keys = (metadata.labels or (), metadata.annotations or ())
    return spec.scheduling_group is not None or not all(map(_GANG_KEYS.isdisjoint, keys))


def _is_unschedulable(status: PodStatus) -> bool:
    scheduled = (each for each in status.conditions or () if each.type == "PodScheduled")
    return any(each.status == "False" and each.reason == "Unschedulable" for each in scheduled)

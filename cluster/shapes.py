"""Trimmed shapes of Kubernetes' own objects: of all their JSON, only what decides.

Lists and maps may be null or absent, as Go writes them. The garbage collector need not look at shapes (gc=False),
because JSON has no cycles.
"""

import re
from typing import TypeVar

import msgspec

from placement.selection import Operator

Labels = dict[str, str] | None
Quantities = dict[str, str | int | float] | None

_PLACE = re.compile(r"(?P<found>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)

T = TypeVar("T")


class MalformedObject(ValueError):  # noqa: N818 - a value at the door, named for what it is.
    """An object cannot be understood: `field` is its path in the JSON (empty: all of it), `found` what is wrong."""

    def __init__(self, field: str, found: str) -> None:
        super().__init__(f"{field}: {found}" if field else found)
        self.field = field
        self.found = found


class Shape(msgspec.Struct, rename="camel", gc=False):
    """The JSON spelling of every shape."""


class Something(Shape):
    """An object that matters only by being there."""


class OwnerReference(Shape):
    """Who made an object; at most one owner is its controller."""

    uid: str = ""
    controller: bool | None = None


class Metadata(Shape):
    """What every object says of itself."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: Labels = None
    annotations: Labels = None
    owner_references: list[OwnerReference] | None = None


class Condition(Shape):
    """One judgement in a status."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class TaintShape(Shape):
    """A taint of a node."""

    key: str
    value: str = ""
    effect: str = ""


class NodeSpec(Shape):
    """What is wanted of a node."""

    unschedulable: bool | None = None
    taints: list[TaintShape] | None = None


class NodeStatus(Shape):
    """What a node has."""

    allocatable: Quantities = None
    conditions: list[Condition] | None = None


class NodeShape(Shape):
    """A node."""

    metadata: Metadata
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class NamespaceShape(Shape):
    """A namespace."""

    metadata: Metadata


class ExpressionShape(Shape):
    """One condition of a node selector term."""

    key: str
    operator: Operator
    values: list[str] | None = None


class TermShape(Shape):
    """Conditions on labels and fields that hold together."""

    match_expressions: list[ExpressionShape] | None = None
    match_fields: list[ExpressionShape] | None = None


class NodeSelectorShape(Shape):
    """Terms of which one must hold."""

    node_selector_terms: list[TermShape] | None = None


class NodeAffinity(Shape):
    """Which nodes a pod must or would like to have; of wishes only their number matters."""

    required_during_scheduling_ignored_during_execution: NodeSelectorShape | None = None
    preferred_during_scheduling_ignored_during_execution: list[Something] | None = None


class PodAffinity(Shape):
    """Which pods a pod would like to have near, or not."""

    preferred_during_scheduling_ignored_during_execution: list[Something] | None = None


class Affinity(Shape):
    """Everything of a pod that attracts or repels."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TolerationShape(Shape):
    """One toleration of a pod."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None


class SpreadConstraint(Shape):
    """How replicas must or should spread."""

    when_unsatisfiable: str = ""


class FieldReference(Shape):
    """A field of the pod itself."""

    field_path: str = ""


class ValueSource(Shape):
    """Where a variable's value is from."""

    field_ref: FieldReference | None = None


class EnvVarShape(Shape):
    """An environment variable with a value, or with a reference to one."""

    name: str
    value: str | None = None
    value_from: ValueSource | None = None


class Resources(Shape):
    """What a container or a pod asks for."""

    requests: Quantities = None
    limits: Quantities = None
    claims: list[Something] | None = None


class ExecShape(Shape):
    """A command to run in a container."""

    command: list[str] | None = None


class HookShape(Shape):
    """What is done at one point of a container's life."""

    exec: ExecShape | None = None


class Lifecycle(Shape):
    """What is done beside a container's own program."""

    post_start: HookShape | None = None


class ContainerShape(Shape):
    """A container; its variables (a list of EnvVarShape, or null) are read apart."""

    name: str
    image: str = ""
    command: list[str] | None = None
    args: list[str] | None = None
    env: msgspec.Raw = msgspec.Raw(b"null")
    env_from: list[Something] | None = None
    lifecycle: Lifecycle | None = None
    startup_probe: HookShape | None = None
    resources: Resources | None = None
    restart_policy: str | None = None


class OwnSpec(Shape):
    """What a pod shall be, beside what it asks of a node."""

    scheduling_group: Something | None = None
    scheduler_name: str = ""
    node_name: str = ""
    priority_class_name: str = ""
    priority: int | None = None
    active_deadline_seconds: int | None = None


class PodSpec(OwnSpec):
    """What a pod shall be."""

    containers: list[ContainerShape] | None = None
    init_containers: list[ContainerShape] | None = None
    node_selector: Labels = None
    affinity: Affinity | None = None
    tolerations: list[TolerationShape] | None = None
    topology_spread_constraints: list[SpreadConstraint] | None = None
    overhead: Quantities = None
    resources: Resources | None = None


class Idle(Shape):
    """Why a container does not run."""

    reason: str = ""


class ContainerState(Shape):
    """How far a container is."""

    waiting: Idle | None = None
    terminated: Idle | None = None


class ContainerStatus(Shape):
    """What a node says of a container."""

    state: ContainerState | None = None


class PodStatus(Shape):
    """How far a pod is."""

    phase: str = ""
    nominated_node_name: str = ""
    reason: str = ""
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class PodShape(Shape):
    """A pod."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus | None = None


def decoded(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
    """Return the shape of some JSON; raises MalformedObject."""
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError) as error:
        place = _PLACE.fullmatch(str(error))
        raise (MalformedObject(place["field"], place["found"]) if place else MalformedObject("", str(error))) from None

"""What autoscalers tell in the API: Karpenter's NodePools karpenter.sh/v1, and cluster-autoscaler's status."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cluster.custom_objects import InvalidObject, Judged
from cluster.findings import sentences
from cluster.names import LabelKey, LabelValue
from cluster.selectors import Labels, Model
from cluster.shapes import MalformedObject, Shape, decoded
from placement.quantities import parse
from placement.scaling.node_groups import NodeGroup
from placement.scaling.node_pools import NodePool
from placement.selection import Expression, Operator
from placement.taints import Taint

# Karpenter's own, beside those of Kubernetes: the same with a bound one further out.
_INCLUSIVE = {"Gte": (Operator.GT, -1), "Lte": (Operator.LT, 1)}


class _Requirement(Model):
    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"]
    values: tuple[LabelValue, ...] = ()

    @property
    def expression(self) -> Expression:
        if self.operator not in _INCLUSIVE:
            return Expression(self.key, Operator(self.operator), self.values)
        operator, step = _INCLUSIVE[self.operator]
        return Expression(self.key, operator, tuple(str(int(each) + step) for each in self.values))


class _Taint(Model):
    key: str
    value: str = ""
    effect: str


class _NodeClass(Model):
    group: str = ""
    kind: str = ""
    name: str = ""


class _NodeSpec(Model):
    requirements: tuple[_Requirement, ...] = ()
    taints: tuple[_Taint, ...] = ()
    node_class_ref: _NodeClass = _NodeClass()


class _TemplateMetadata(Model):
    labels: Labels = Field(default_factory=dict)


class _Template(Model):
    metadata: _TemplateMetadata = _TemplateMetadata()
    spec: _NodeSpec = _NodeSpec()


class _Spec(Model):
    template: _Template
    limits: Mapping[str, str | int] = Field(default_factory=dict)
    weight: int = 0
    replicas: int | None = None


class _Condition(Model):
    type: str = ""
    status: str = ""
    message: str = ""


class _Status(Model):
    conditions: tuple[_Condition, ...] = ()


class _Metadata(Model):
    name: str
    deletion_timestamp: str = ""


class NodePoolShape(Model):
    """A NodePool."""

    metadata: _Metadata
    spec: _Spec
    status: _Status = _Status()

    @property
    def node_pool(self) -> NodePool:
        """The same as a domain value; raises ValueError for a bound or a limit that is no number."""
        template, ref = self.spec.template, self.spec.template.spec.node_class_ref
        return NodePool(
            self.metadata.name,
            ref.group,
            (ref.kind, ref.name),
            tuple(each.expression for each in template.spec.requirements),
            template.metadata.labels,
            tuple(Taint(each.key, each.value, each.effect) for each in template.spec.taints),
            frozenset(name for name, limit in self.spec.limits.items() if not parse(str(limit))),
            self.spec.weight,
            self._hindrance,
        )

    @property
    def _hindrance(self) -> str:
        """Why Karpenter takes no notice of it when a pod waits; one without a status is one that stands in a file."""
        if self.metadata.deletion_timestamp:
            return "is being deleted"
        if self.spec.replicas is not None:
            return "has a fixed number of nodes (replicas)"
        unready = (each for each in self.status.conditions if each.type == "Ready" and each.status != "True")
        return next((f"is not ready: {each.message or each.status}" for each in unready), "")


def node_pool(raw: bytes) -> NodePool:
    """Return what a NodePool says of its nodes; raises InvalidObject, because half of it would promise too much."""
    try:
        return NodePoolShape.model_validate_json(raw).node_pool
    except ValidationError as error:
        raise InvalidObject("", sentences(error)) from None
    except ValueError as error:
        raise InvalidObject("", (str(error),)) from None


class _ConfigMap(Shape):
    data: dict[str, str] | None = None


class _Health(BaseModel):
    model_config = ConfigDict(extra="ignore")

    max_size: int = Field(0, alias="maxSize")


class _Group(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    health: _Health = _Health(maxSize=0)


class _Groups(BaseModel):
    model_config = ConfigDict(extra="ignore")

    groups: tuple[_Group, ...] = Field((), alias="nodeGroups")


_CONFIG_MAP = msgspec.json.Decoder(_ConfigMap)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def node_groups(raw: bytes) -> Judged[tuple[NodeGroup, ...]]:
    """Return the groups that cluster-autoscaler's status names: YAML since release 1.30; older ones name none here."""
    try:
        written = (decoded(_CONFIG_MAP, raw).data or {}).get("status", "")
        content = yaml.load(written, _LOADER)  # noqa: S506 - it is one of the safe loaders.
        found = _Groups.model_validate(content if isinstance(content, dict) else {})
    except (MalformedObject, yaml.YAMLError, RecursionError, ValueError) as error:
        return Judged((), (f"status cannot be read: {type(error).__name__}",))
    return Judged(tuple(NodeGroup(each.name, each.health.max_size) for each in found.groups))

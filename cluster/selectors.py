"""Selectors in custom objects: what Kubernetes would refuse in a pod is refused, in words that say what to write.

A class is injected into pods, and a pod whose selector the API server refuses would not run at all.
"""

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from cluster.names import LabelKey, LabelValue, ObjectName
from placement.label_selectors import LabelSelector
from placement.quantities import parse
from placement.selection import NAME_FIELD, NOWHERE, Expression, NodeSelection, Operator, Term, narrowed

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")

_OPERATORS = tuple(Operator)
_LABEL_OPERATORS = (Operator.IN, Operator.NOT_IN, Operator.EXISTS, Operator.DOES_NOT_EXIST)
_NEAREST = {
    **dict.fromkeys(("Gte", "Ge", ">="), "write Gt with the value one less (Gt 32767 means at least 32768)"),
    **dict.fromkeys(("Lte", "Le", "<="), "write Lt with the value one more (Lt 32769 means at most 32768)"),
}
_MIB = 2**20

SELECTS_NOTHING = (
    "selects no node: write the labels of the nodes that carry this accelerator in nodeSelector, or expressions in "
    "nodeSelectorTerms"
)


class Model(BaseModel):
    """A part of a custom object: camel-cased fields, null counts as absent, what is unknown is ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        return {key: value for key, value in given.items() if value is not None} if isinstance(given, dict) else given


Labels = dict[LabelKey, LabelValue]


class NodeExpression(Model):
    """One condition on a label of a node."""

    key: LabelKey
    operator: str
    values: tuple[LabelValue, ...] = ()

    @model_validator(mode="after")
    def _must_select(self) -> Self:
        _refuse(_problem(self.operator, self.values, _OPERATORS))
        return self


class FieldExpression(Model):
    """One condition on a field of a node; Kubernetes knows its name alone."""

    key: str
    operator: str
    values: tuple[ObjectName, ...] = ()

    @model_validator(mode="after")
    def _must_name_one(self) -> Self:
        if self.key != NAME_FIELD or self.operator not in ("In", "NotIn") or len(self.values) != 1:
            raise ValueError(f"write key {NAME_FIELD}, operator In or NotIn, and one value: Kubernetes takes no other")
        return self


class LabelExpression(Model):
    """One condition on a label of a pod or namespace."""

    key: LabelKey
    operator: str
    values: tuple[LabelValue, ...] = ()

    @model_validator(mode="after")
    def _must_select(self) -> Self:
        _refuse(_problem(self.operator, self.values, _LABEL_OPERATORS))
        return self


class NodeTerm(Model):
    """Conditions that hold together; without any, no node is selected."""

    match_expressions: tuple[NodeExpression, ...] = ()
    match_fields: tuple[FieldExpression, ...] = ()

    @property
    def term(self) -> Term:
        """The same as a domain value."""
        return Term(tuple(map(_expression, self.match_expressions)), tuple(map(_expression, self.match_fields)))


class _Required(Model):
    node_selector_terms: tuple[NodeTerm, ...] = ()


class _NodeAffinity(Model):
    required_during_scheduling_ignored_during_execution: _Required = _Required()


class _Affinity(Model):
    node_affinity: _NodeAffinity = _NodeAffinity()


class Discovery(Model):
    """Which nodes carry a class: labels and terms of either dialect hold together, the terms of one list are ORed."""

    node_selector: Labels = Field(default_factory=dict)
    node_selector_terms: tuple[NodeTerm, ...] = ()
    affinity: _Affinity = _Affinity()

    @property
    def selection(self) -> NodeSelection:
        """The same as a domain value."""
        affinity = self.affinity.node_affinity.required_during_scheduling_ignored_during_execution
        terms = narrowed(_effective(self.node_selector_terms), _effective(affinity.node_selector_terms))
        return NodeSelection(self.node_selector, terms)

    @model_validator(mode="after")
    def _must_select(self) -> Self:
        affinity = self.affinity.node_affinity.required_during_scheduling_ignored_during_execution
        for terms in (self.node_selector_terms, affinity.node_selector_terms):
            if terms and not _effective(terms):
                raise ValueError("has only terms without expressions, which select no node: write matchExpressions")
        if not self.node_selector and not self.selection.terms:
            raise ValueError(SELECTS_NOTHING)
        return self


class Selector(Model):
    """A label selector for pods or namespaces."""

    match_labels: Labels = Field(default_factory=dict)
    match_expressions: tuple[LabelExpression, ...] = ()

    @property
    def selector(self) -> LabelSelector:
        """The same as a domain value."""
        return LabelSelector(self.match_labels, tuple(map(_expression, self.match_expressions)))


def _effective(terms: tuple[NodeTerm, ...]) -> tuple[Term, ...]:
    return tuple(each.term for each in terms if each.term != NOWHERE)


def _expression(model: NodeExpression | FieldExpression | LabelExpression) -> Expression:
    return Expression(model.key, Operator(model.operator), model.values)


def _refuse(problem: str | None) -> None:
    if problem:
        raise ValueError(problem)


def _problem(operator: str, values: tuple[str, ...], allowed: tuple[Operator, ...]) -> str | None:
    if operator not in allowed:
        return f"{operator!r} is no operator of Kubernetes{_advice(operator, allowed)}"
    if operator in (Operator.GT, Operator.LT):
        return _bound_problem(operator, values)
    if operator in (Operator.IN, Operator.NOT_IN):
        return None if values else f"{operator} needs at least one value"
    return f"{operator} takes no values: to compare with values write In or NotIn" if values else None


def _advice(operator: str, allowed: tuple[Operator, ...]) -> str:
    if Operator.GT in allowed and operator in _NEAREST:
        return f": {_NEAREST[operator]}"
    return f" for these labels: write {', '.join(allowed[:-1])} or {allowed[-1]}"


def _bound_problem(operator: str, values: tuple[str, ...]) -> str | None:
    if len(values) == 1 and _INTEGER.fullmatch(values[0]):
        return None
    found = ", ".join(map(repr, values)) or "none"
    return f"{operator} takes exactly one integer without a unit, not {found}{_in_mib(values)}"


def _in_mib(values: tuple[str, ...]) -> str:
    try:
        mib = parse(values[0]) / _MIB
    except (ValueError, IndexError):
        return ""
    return f": nvidia.com/gpu.memory counts MiB, where {values[0]} is {mib:f}" if mib >= 1 else ""

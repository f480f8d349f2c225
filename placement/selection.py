"""Which nodes a pod or a class selects by labels: Kubernetes' nodeSelector and required node affinity as one value.

Semantics of k8s.io/component-helpers/scheduling/corev1/nodeaffinity: expressions of a term are ANDed, terms are ORed, a
term without expressions and fields matches no node.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

NAME_FIELD = "metadata.name"

# What Go's strconv.ParseInt takes: int() also takes underscores, which label values may have, and numbers of any size.
_INTEGER = re.compile(r"[+-]?[0-9]{1,63}")
_INT64 = range(-(2**63), 2**63)


class Operator(StrEnum):
    """The six operators of a node selector expression."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


@dataclass(frozen=True, slots=True)
class Expression:
    """One condition on one label (or field) of a node."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def admits(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet the condition; an absent label meets NotIn and DoesNotExist."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value is not None and value in self.values
            case Operator.NOT_IN:
                return value is None or value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None
            case _:
                return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        match [int(each) for each in (value, *self.values) if _INTEGER.fullmatch(each)]:
            case [found, bound] if found in _INT64 and bound in _INT64:
                return found > bound if self.operator is Operator.GT else found < bound
            case _:
                return False

    def __str__(self) -> str:
        words = [self.key, self.operator.value]
        return " ".join([*words, ",".join(self.values)] if self.values else words)


@dataclass(frozen=True, slots=True)
class Term:
    """Conditions on labels and fields that hold together."""

    expressions: tuple[Expression, ...] = ()
    fields: tuple[Expression, ...] = ()

    def admits(self, labels: Mapping[str, str], node: str) -> bool:
        """Tell whether the node of that name with these labels meets every condition."""
        if not self.expressions and not self.fields:
            return False
        named = {NAME_FIELD: node}
        return all(each.admits(labels) for each in self.expressions) and all(each.admits(named) for each in self.fields)

    def implies(self, other: "Term") -> bool:
        """Tell whether it says everything that the other says."""
        if NOWHERE in (self, other):
            return self == NOWHERE
        return {*other.expressions} <= {*self.expressions} and {*other.fields} <= {*self.fields}

    def __and__(self, other: "Term") -> "Term":
        if NOWHERE in (self, other):
            return NOWHERE
        return Term(_union(self.expressions, other.expressions), _union(self.fields, other.fields))


# What matches no node.
NOWHERE = Term()


@dataclass(frozen=True, slots=True)
class NodeSelection:
    """Equality labels that all hold, and terms of which one holds (no terms: no such condition)."""

    labels: Mapping[str, str]
    terms: tuple[Term, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        """Whether nothing is said about nodes."""
        return not self.labels and not self.terms

    @property
    def is_one_node(self) -> bool:
        """Whether it names the node, as the pods of a DaemonSet do."""
        return bool(self.terms) and all(term.fields for term in self.terms)

    def admits(self, labels: Mapping[str, str], node: str) -> bool:
        """Tell whether the node of that name with these labels is selected."""
        if any(labels.get(key) != value for key, value in self.labels.items()):
            return False
        return not self.terms or any(term.admits(labels, node) for term in self.terms)

    def contradiction(self, other: "NodeSelection") -> str | None:
        """Return the first label on which two selections insist on different values, as `key=value`, or None."""
        clashes = (key for key, value in self.labels.items() if other.labels.get(key, value) != value)
        return next((f"{key}={self.labels[key]}" for key in clashes), None)

    def as_terms(self) -> tuple[Term, ...]:
        """Return the same selection as terms alone: equality labels become In expressions of every term."""
        if not self.labels:
            return self.terms
        plain = Term(tuple(Expression(key, Operator.IN, (value,)) for key, value in sorted(self.labels.items())))
        return tuple(plain & term for term in self.terms) or (plain,)


EVERYWHERE = NodeSelection({})


def narrowed(mine: tuple[Term, ...], others: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return terms that hold where one of each side holds: the cross product, because terms are ORed.

    A term that already says all that one of the others says stays as it is, so that narrowing twice is narrowing once.
    """
    if not mine or not others:
        return mine or others
    results = ((term,) if any(term.implies(other) for other in others) else _products(term, others) for term in mine)
    return tuple(dict.fromkeys(chain.from_iterable(results)))


def _products(term: Term, others: tuple[Term, ...]) -> tuple[Term, ...]:
    return tuple(term & other for other in others)


def _union(mine: Iterable[Expression], others: Iterable[Expression]) -> tuple[Expression, ...]:
    return tuple(dict.fromkeys([*mine, *others]))

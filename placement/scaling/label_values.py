"""Which values a label of a node that does not exist yet may have.

Semantics of Requirement in sigs.k8s.io/karpenter/pkg/scheduling/requirement.go.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from placement.selection import Expression, Operator

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_SHOWN = 5

# Karpenter reads the older names of some labels as the newer ones.
_NEWER = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
}


@dataclass(frozen=True, slots=True)
class LabelValues:
    """The `listed` values, or all but these where it is the `complement`, and of those the ones within the bounds."""

    listed: frozenset[str] = frozenset()
    complement: bool = False
    least: int | None = None
    most: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no value will do: the label must not be there."""
        return not self.complement and not self.listed

    @property
    def permits_absence(self) -> bool:
        """Whether a node without the label will do: NotIn and DoesNotExist."""
        return self.complement == bool(self.listed)

    def __and__(self, other: "LabelValues") -> "LabelValues":
        least = max((each for each in (self.least, other.least) if each is not None), default=None)
        most = min((each for each in (self.most, other.most) if each is not None), default=None)
        if least is not None and most is not None and least > most:
            return NO_VALUE
        if self.complement and other.complement:
            return LabelValues(self.listed | other.listed, complement=True, least=least, most=most)
        return LabelValues(frozenset(each for each in _common(self, other) if _is_within(each, least, most)))

    def __str__(self) -> str:
        values = sorted(self.listed)
        shown = ", ".join([*values[:_SHOWN], *(["…"] if len(values) > _SHOWN else [])])
        words = [f"not {shown}" if self.complement and values else shown or ("any" if self.complement else "absent")]
        words += [f"at least {self.least}"] if self.least is not None else []
        words += [f"at most {self.most}"] if self.most is not None else []
        return " ".join(words)


NO_VALUE = LabelValues()
ANY_VALUE = LabelValues(complement=True)


def values_of(expressions: Iterable[Expression]) -> Mapping[str, LabelValues]:
    """Return what expressions that hold together leave of the values of each label."""
    found: dict[str, LabelValues] = {}
    for each in expressions:
        key = _NEWER.get(each.key, each.key)
        values = _values(each)
        found[key] = found[key] & values if key in found else values
    return found


def _values(expression: Expression) -> LabelValues:
    match expression.operator:
        case Operator.IN:
            return LabelValues(frozenset(expression.values))
        case Operator.NOT_IN:
            return LabelValues(frozenset(expression.values), complement=True)
        case Operator.EXISTS:
            return ANY_VALUE
        case Operator.DOES_NOT_EXIST:
            return NO_VALUE
        case Operator.GT:
            bound = _bound(expression)
            return NO_VALUE if bound is None else LabelValues(complement=True, least=bound + 1)
        case Operator.LT:
            bound = _bound(expression)
            return NO_VALUE if bound is None else LabelValues(complement=True, most=bound - 1)


def _bound(expression: Expression) -> int | None:
    return _number(expression.values[0]) if len(expression.values) == 1 else None


def _common(left: LabelValues, right: LabelValues) -> frozenset[str]:
    if left.complement:
        return right.listed - left.listed
    return left.listed - right.listed if right.complement else left.listed & right.listed


def _is_within(value: str, least: int | None, most: int | None) -> bool:
    if least is None and most is None:
        return True
    number = _number(value)
    return number is not None and (least is None or number >= least) and (most is None or number <= most)


def _number(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None

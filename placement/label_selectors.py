"""Label selectors of Kubernetes, for pods and namespaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from placement.selection import Expression, Operator

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A Kubernetes label selector: everything it says holds; an empty one selects everything."""

    labels: Labels = field(default_factory=dict)
    expressions: tuple[Expression, ...] = ()

    def selects(self, labels: Labels) -> bool:
        """Tell whether an object with these labels is selected."""
        equal = all(labels.get(key) == value for key, value in self.labels.items())
        return equal and all(each.admits(labels) for each in self.expressions)

    @property
    def conditions(self) -> frozenset[Expression]:
        """Everything that it says, the same however it is written: equality is In with one value."""
        equal = (Expression(key, Operator.IN, (value,)) for key, value in self.labels.items())
        listed = (Expression(each.key, each.operator, tuple(sorted({*each.values}))) for each in self.expressions)
        return frozenset((*equal, *listed))

    def overlaps(self, other: "LabelSelector") -> bool:
        """Tell whether some object could be selected by both."""
        conditions = self.conditions | other.conditions
        return all(
            _is_possible(key, [each for each in conditions if each.key == key])
            for key in {each.key for each in conditions}
        )


# No label has such a value, so no condition names it.
_ANOTHER = "\0"


def _is_possible(key: str, conditions: Sequence[Expression]) -> bool:
    """Tell whether a label can meet all conditions on its key: absent, with a new value, or with one that In names."""
    listed = (each.values for each in conditions if each.operator is Operator.IN)
    ways: list[Labels] = [{}, {key: _ANOTHER}, *({key: value} for value in min(listed, key=len, default=()))]
    return any(all(each.admits(labels) for each in conditions) for labels in ways)


EVERYTHING = LabelSelector()

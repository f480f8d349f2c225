"""Label selectors of Kubernetes, for pods and namespaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.selection import Expression

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


EVERYTHING = LabelSelector()

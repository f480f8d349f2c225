"""Layers: what each author says of the class that a pod shall get, and how the words of several become one.

From the first to the last: runtime or profile, InferenceService, the pod's annotations. Requirements combine to the
strictest; of everything else the later layer wins where it says something.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.accelerators import Figure
from placement.asking.class_requirements import ANY_CLASS, ClassRequirements
from placement.asking.configurations import Configurations
from placement.asking.preferences import Preference
from placement.asking.strategies import Strategy

_SEPARATOR = ", "


@dataclass(frozen=True, slots=True)
class Layer:
    """What one author says; None and empty where nothing is said.

    `explicit` names the only class that will do, `preferred` those to take first, `listed` the supported ones in their
    author's order; `precision` is the rate by which performance is compared; `node_labels` are further labels that the
    nodes must have; `configurations` has a list for each author; `waits` tells to wait for the best class instead of
    taking the next.
    """

    source: str = ""
    requirements: ClassRequirements = ANY_CLASS
    explicit: str | None = None
    listed: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    strategy: Strategy | None = None
    precision: Figure | None = None
    preferences: tuple[Preference, ...] = ()
    configurations: Configurations = ()
    node_labels: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether it is as if it were not there."""
        return self == Layer(self.source)

    def then(self, later: "Layer") -> "Layer":
        """Return both as one: requirements to the strictest, of the rest the later where it says something."""
        return Layer(
            _SEPARATOR.join(dict.fromkeys(filter(None, f"{self.source}{_SEPARATOR}{later.source}".split(_SEPARATOR)))),
            self.requirements & later.requirements,
            later.explicit or self.explicit,
            later.listed or self.listed,
            later.preferred or self.preferred,
            later.strategy or self.strategy,
            later.precision or self.precision,
            later.preferences or self.preferences,
            self.configurations + later.configurations,
            {**self.node_labels, **later.node_labels},
            self.waits or later.waits,
        )


NOTHING_SAID = Layer()

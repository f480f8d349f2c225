"""AcceleratorProfiles: what an operator says once for all pods that a profile matches."""

from dataclasses import dataclass
from enum import StrEnum

from placement.asking.class_requirements import ANY_CLASS, ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.layers import Layer
from placement.asking.preferences import Preference
from placement.asking.strategies import Strategy
from placement.label_selectors import EVERYTHING, Labels, LabelSelector
from placement.requirements import Spread


class OnNoMatch(StrEnum):
    """What happens to a pod for which no class will do."""

    ADMIT = "Admit"
    DENY = "Deny"


class Remedy(StrEnum):
    """What is done about a pod that stands, but not as it should: it is told of, or made anew by its owner."""

    REPORT = "Report"
    RECREATE = "Recreate"


@dataclass(frozen=True, slots=True)
class Profile:
    """For which pods, which classes will do, in which order, and what a pod gets on each."""

    name: str
    pods: LabelSelector = EVERYTHING
    namespaces: LabelSelector = EVERYTHING
    containers: frozenset[str] = frozenset()
    requirements: ClassRequirements = ANY_CLASS
    preferred: tuple[str, ...] = ()
    strategy: Strategy | None = None
    preferences: tuple[Preference, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    on_no_match: OnNoMatch = OnNoMatch.ADMIT
    spread: Spread = Spread.NODE
    listed: tuple[str, ...] = ()
    on_slipped: Remedy = Remedy.REPORT
    on_stuck: Remedy = Remedy.REPORT

    @property
    def layer(self) -> Layer:
        """What it says of the class."""
        return Layer(
            f"profile {self.name}",
            self.requirements,
            listed=self.listed,
            preferred=self.preferred,
            strategy=self.strategy,
            preferences=self.preferences,
            configurations=(self.configurations,) if self.configurations else (),
        )

    @property
    def specificity(self) -> int:
        """How many conditions its selectors have."""
        selectors = (self.pods, self.namespaces)
        return sum(len(each.labels) + len(each.expressions) for each in selectors)

    def matches(self, pod_labels: Labels, namespace_labels: Labels) -> bool:
        """Tell whether a pod with these labels, in a namespace with those, is meant."""
        return self.pods.selects(pod_labels) and self.namespaces.selects(namespace_labels)

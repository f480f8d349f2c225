"""AcceleratorProfiles: what an operator says once for all pods that a profile matches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from placement.class_requirements import ANY_CLASS, ClassRequirements
from placement.pods import EnvVar
from placement.preferences import Preference
from placement.requirements import Spread
from placement.selection import Expression
from placement.strategies import Strategy

Labels = Mapping[str, str]


class OnNoMatch(StrEnum):
    """What happens to a pod for which no class will do."""

    ADMIT = "Admit"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A Kubernetes label selector: everything it says holds; an empty one selects everything."""

    labels: Labels = field(default_factory=dict)
    expressions: tuple[Expression, ...] = ()

    def selects(self, labels: Labels) -> bool:
        """Tell whether an object with these labels is selected."""
        equal = all(labels.get(key) == value for key, value in self.labels.items())
        return equal and all(each.admits(labels) for each in self.expressions)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a pod gets on one class; requests and limits are quantities as their author wrote them."""

    accelerator_class: str
    env: tuple[EnvVar, ...] = ()
    args: tuple[str, ...] = ()
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def amounts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Requests and limits."""
        return self.requests, self.limits


@dataclass(frozen=True, slots=True)
class Profile:
    """For which pods, which classes will do, in which order, and what a pod gets on each."""

    name: str
    pods: LabelSelector = field(default_factory=LabelSelector)
    namespaces: LabelSelector = field(default_factory=LabelSelector)
    containers: frozenset[str] = frozenset()
    requirements: ClassRequirements = ANY_CLASS
    preferred: tuple[str, ...] = ()
    strategy: Strategy = Strategy.BALANCED
    preferences: tuple[Preference, ...] = ()
    configurations: Mapping[str, Configuration] = field(default_factory=dict)
    on_no_match: OnNoMatch = OnNoMatch.ADMIT
    spread: Spread = Spread.NODE

    @property
    def specificity(self) -> int:
        """How many conditions its selectors have."""
        selectors = (self.pods, self.namespaces)
        return sum(len(each.labels) + len(each.expressions) for each in selectors)

    def matches(self, pod_labels: Labels, namespace_labels: Labels) -> bool:
        """Tell whether a pod with these labels, in a namespace with those, is meant."""
        return self.pods.selects(pod_labels) and self.namespaces.selects(namespace_labels)

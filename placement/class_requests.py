"""What one pod asks of a class, gathered from its annotations and from the profile that matches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.accelerators import AcceleratorClass, Catalog
from placement.class_requirements import ANY_CLASS, ClassRequirements
from placement.keys import PROFILE, REQUESTED_CLASS
from placement.pods import Container, Pod
from placement.preferences import MAX_SCORE
from placement.profiles import Configuration, Labels, Profile
from placement.strategies import Strategy
from placement.wishes import may_run_on_spot, wishes_of


@dataclass(frozen=True, slots=True)
class ClassRequest:
    """What one pod asks of a class; `explicit` names the only class that will do.

    `accelerators` is what the pod already asks for, per resource name; `engines` are the containers that run the model;
    `billions` are its parameters, where they are known; `on_spot` tells whether the pod may run on spot capacity.
    """

    pod: Pod
    explicit: str | None = None
    profile: Profile | None = None
    accelerators: Mapping[str, int] = field(default_factory=dict)
    engines: tuple[Container, ...] = ()
    requirements: ClassRequirements = ANY_CLASS
    strategy: Strategy = Strategy.BALANCED
    billions: float | None = None
    on_spot: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Who asks."""
        asked_by_profile = f"profile {self.profile.name}" if self.profile else "nobody"
        return f"annotation {REQUESTED_CLASS}" if self.explicit else asked_by_profile

    @property
    def preferred(self) -> tuple[str, ...]:
        """The classes to take first, in order."""
        return self.profile.preferred if self.profile else ()

    def preference(self, candidate: AcceleratorClass) -> float:
        """Return the most that a preference which applies gives to the class, from 0 to 1."""
        listed = self.profile.preferences if self.profile else ()
        mine = (each for each in listed if each.accelerator_class == candidate.name and each.holds(self.billions))
        return max((each.score / MAX_SCORE for each in mine), default=0.0)

    @property
    def unknowable(self) -> tuple[str, ...]:
        """The conditions of preferences that say nothing when a pod is created."""
        listed = self.profile.preferences if self.profile else ()
        return tuple(dict.fromkeys(condition for each in listed for condition in each.unknowable))

    def configuration(self, chosen: AcceleratorClass) -> Configuration:
        """Return what the pod gets on the class."""
        found = self.profile.configurations.get(chosen.name) if self.profile else None
        return found or Configuration(chosen.name)


def request_of(
    pod: Pod,
    namespace_labels: Labels,
    profiles: tuple[Profile, ...],
    catalog: Catalog,
    engines: tuple[Container, ...] = (),
) -> ClassRequest | None:
    """Return what the pod asks, or None where neither its annotations nor a profile ask for anything.

    Layers: the profile, then the pod's annotations. Requirements combine to the strictest, of the rest the later wins.
    """
    explicit = pod.annotations.get(REQUESTED_CLASS)
    matching = matching_profiles(pod, namespace_labels, profiles)
    if not explicit and not matching:
        return None
    profile = matching[0] if matching else None
    wishes = wishes_of(pod)
    return ClassRequest(
        pod,
        explicit or None,
        profile,
        catalog.accelerators(pod.requests),
        engines,
        (profile.requirements if profile else ANY_CLASS) & wishes.requirements,
        wishes.strategy or (profile.strategy if profile else Strategy.BALANCED),
        wishes.billions,
        may_run_on_spot(pod),
        misnamed_profile(pod, namespace_labels, profiles) + _ambiguity(matching) + wishes.warnings,
    )


def misnamed_profile(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> tuple[str, ...]:
    """Return a warning where the pod names a profile that does not exist, or is not for its namespace."""
    named = pod.annotations.get(PROFILE)
    if not named or _named(pod, namespace_labels, profiles):
        return ()
    return (f"annotation {PROFILE}: there is no valid AcceleratorProfile {named!r} for this namespace",)


def matching_profiles(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> list[Profile]:
    """Return the profile that the pod names, or all that match it, the most specific first, then by name."""
    named = _named(pod, namespace_labels, profiles)
    if named:
        return [named]
    matching = (each for each in profiles if each.matches(pod.labels, namespace_labels))
    return sorted(matching, key=lambda each: (-each.specificity, each.name))


def _named(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> Profile | None:
    """Return the profile that the pod names: it counts for other pods than it selects, not for other namespaces."""
    named = pod.annotations.get(PROFILE)
    usable = (each for each in profiles if each.name == named and each.namespaces.selects(namespace_labels))
    return next(usable, None)


def _ambiguity(matching: list[Profile]) -> tuple[str, ...]:
    if len(matching) < 2:  # noqa: PLR2004 - two is the least that can disagree
        return ()
    names = ", ".join(sorted(each.name for each in matching))
    first, second = matching[:2]
    reason = "is the most specific" if first.specificity > second.specificity else "comes first by name"
    return (f"profiles {names} all match; {first.name} {reason}. Name one with annotation {PROFILE}",)

"""What one pod asks of a class, gathered from its annotations and from the profile that matches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.accelerators import AcceleratorClass, Catalog
from placement.keys import PROFILE, REQUESTED_CLASS
from placement.pods import Pod
from placement.profiles import Configuration, Labels, Profile
from placement.requirements import ANY_CLASS, ClassRequirements


@dataclass(frozen=True, slots=True)
class ClassRequest:
    """What one pod asks of a class; `explicit` names the only class that will do.

    `accelerators` is what the pod already asks for, per resource name.
    """

    pod: Pod
    explicit: str | None = None
    profile: Profile | None = None
    accelerators: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Who asks."""
        asked_by_profile = f"profile {self.profile.name}" if self.profile else "nobody"
        return f"annotation {REQUESTED_CLASS}" if self.explicit else asked_by_profile

    @property
    def requirements(self) -> ClassRequirements:
        """Which classes will do."""
        return self.profile.requirements if self.profile else ANY_CLASS

    @property
    def preferred(self) -> tuple[str, ...]:
        """The classes to take first, in order."""
        return self.profile.preferred if self.profile else ()

    def configuration(self, chosen: AcceleratorClass) -> Configuration:
        """Return what the pod gets on the class."""
        found = self.profile.configurations.get(chosen.name) if self.profile else None
        return found or Configuration(chosen.name)


def request_of(
    pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...], catalog: Catalog
) -> ClassRequest | None:
    """Return what the pod asks, or None where neither its annotations nor a profile ask for anything."""
    explicit = pod.annotations.get(REQUESTED_CLASS)
    matching = matching_profiles(pod, namespace_labels, profiles)
    if not explicit and not matching:
        return None
    profile = matching[0] if matching else None
    return ClassRequest(pod, explicit or None, profile, catalog.accelerators(pod.requests), _ambiguity(matching))


def unknown_profile(pod: Pod, profiles: tuple[Profile, ...]) -> str | None:
    """Return a warning where the pod names a profile that does not exist."""
    named = pod.annotations.get(PROFILE)
    if not named or any(each.name == named for each in profiles):
        return None
    return f"annotation {PROFILE}: there is no valid AcceleratorProfile {named!r}"


def matching_profiles(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> list[Profile]:
    """Return the profile that the pod names, or all that match it, by name; the first one counts."""
    named = pod.annotations.get(PROFILE)
    if named:
        return [each for each in profiles if each.name == named]
    return sorted((each for each in profiles if each.matches(pod.labels, namespace_labels)), key=lambda each: each.name)


def _ambiguity(matching: list[Profile]) -> tuple[str, ...]:
    if len(matching) < 2:  # noqa: PLR2004 - two is the least that can disagree
        return ()
    names = ", ".join(each.name for each in matching)
    return (f"profiles {names} all match; {matching[0].name} is used. Name one with annotation {PROFILE}",)

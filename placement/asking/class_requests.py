"""What one pod asks of a class, gathered from its layers: runtime or profile, InferenceService, annotations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from placement.accelerators import AcceleratorClass, Catalog, Figure
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration, configuration_for
from placement.asking.layers import NOTHING_SAID, Layer
from placement.asking.preferences import MAX_SCORE
from placement.asking.profiles import Profile
from placement.asking.roster import NOBODY, Roster
from placement.asking.serving import NO_SERVING, Serving, ServingObjects
from placement.asking.strategies import Strategy, Yardstick
from placement.asking.wishes import may_run_on_spot, wishes_of
from placement.keys import PROFILE
from placement.label_selectors import Labels
from placement.pods import Container, Pod
from placement.recognising.platforms import Group, group_of
from placement.requirements import Spread
from placement.selection import NodeSelection


@dataclass(frozen=True, slots=True)
class ClassRequest:
    """What one pod asks of a class, all layers as one.

    `accelerators` is what the pod already asks for, per resource name; `engines` are the containers that run the model,
    `engine` names what runs in them; `billions` are the model's parameters, where they are known; `on_spot` tells
    whether the pod may run on spot capacity. `group` are the pods that must get one class, `followed` is the class
    that it has. `kept` are the classes that the pod was given before, in the same admission.
    """

    pod: Pod
    namespace_labels: Labels = field(default_factory=dict)
    layer: Layer = NOTHING_SAID
    profile: Profile | None = None
    serving: Serving = NO_SERVING
    accelerators: Mapping[str, int] = field(default_factory=dict)
    engines: tuple[Container, ...] = ()
    engine: str = ""
    model_format: str = ""
    billions: float | None = None
    on_spot: bool = False
    group: Group | None = None
    followed: str | None = None
    kept: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def explicit(self) -> str | None:
        """The only class that will do, where one is named or the pod's group has one."""
        return self.layer.explicit or self.followed

    @property
    def located(self) -> Pod:
        """The pod as it must be placed: with the labels that a layer wants of its nodes beside its own selection."""
        wanted, selection = self.layer.node_labels, self.pod.selection
        if not wanted:
            return self.pod
        return replace(self.pod, selection=NodeSelection({**wanted, **selection.labels}, selection.terms))

    @property
    def is_named(self) -> bool:
        """Whether the pod itself names its class or its profile."""
        return bool(self.layer.explicit or self.pod.annotations.get(PROFILE))

    @property
    def named_containers(self) -> frozenset[str]:
        """The containers that the profile names as those which run the model."""
        return self.profile.containers if self.profile else frozenset()

    @property
    def source(self) -> str:
        """Who asks."""
        is_followed = self.followed and not self.layer.explicit
        sources = (self.layer.source, "its group" if is_followed else "")
        return ", ".join(filter(None, sources)) or "nobody"

    @property
    def requirements(self) -> ClassRequirements:
        """What a class must be."""
        return self.layer.requirements

    @property
    def preferred(self) -> tuple[str, ...]:
        """The classes to take first, in order."""
        return self.layer.preferred

    @property
    def strategy(self) -> Strategy:
        """How classes compare that nobody prefers by name."""
        return self.layer.strategy or Strategy.BALANCED

    @property
    def yardstick(self) -> Yardstick:
        """What classes are compared by."""
        return Yardstick(self.on_spot, self.layer.precision or Figure.FP16, self.requirements, self.layer.listed)

    def preference(self, candidate: AcceleratorClass) -> float:
        """Return the most that a preference which applies gives to the class, from 0 to 1."""
        listed = (each for each in self.layer.preferences if each.accelerator_class == candidate.name)
        return max((each.score / MAX_SCORE for each in listed if each.holds(self.billions)), default=0.0)

    @property
    def unknowable(self) -> tuple[str, ...]:
        """The conditions of preferences that say nothing when a pod is created."""
        return tuple(dict.fromkeys(condition for each in self.layer.preferences for condition in each.unknowable))

    def configuration(self, chosen: AcceleratorClass) -> Configuration:
        """Return what the pod gets on the class."""
        return configuration_for(self.layer.configurations, chosen.name, self.engine, self.model_format)


@dataclass(frozen=True)
class Known:
    """What is known of those who may say something about a pod's class."""

    catalog: Catalog = field(default_factory=Catalog)
    profiles: tuple[Profile, ...] = ()
    serving: ServingObjects = field(default_factory=ServingObjects)
    roster: Roster = NOBODY


def spread_of(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> Spread:
    """Return over what the replicas of the pod's owner spread, as the profile that matches it says."""
    matching = matching_profiles(pod, namespace_labels, profiles)
    return matching[0].spread if matching else Spread.NODE


def request_of(pod: Pod, namespace_labels: Labels, known: Known) -> ClassRequest | None:
    """Return what the pod asks, or None where no layer asks for anything and no group has a class."""
    matching = matching_profiles(pod, namespace_labels, known.profiles)
    profile = matching[0] if matching else None
    wishes, serving = wishes_of(pod), known.serving.behind(pod)
    base = _base(pod, profile, serving)
    layer = base.then(serving.layer).then(wishes.layer)
    group = group_of(pod)
    followed = known.roster.class_of_group(pod.namespace, group)
    if profile is None and layer.says_nothing and not followed:
        return None
    return ClassRequest(
        pod,
        namespace_labels,
        layer,
        profile,
        serving,
        known.catalog.accelerators(pod.requests),
        billions=wishes.billions,
        on_spot=may_run_on_spot(pod),
        group=group,
        followed=followed,
        warnings=(
            *misnamed_profile(pod, namespace_labels, known.profiles),
            *_ambiguity(matching),
            *wishes.warnings,
            *known.serving.misunderstood(serving),
        ),
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


def _base(pod: Pod, profile: Profile | None, serving: Serving) -> Layer:
    """Return the first layer: the profile that the pod names, else what its runtime says, else the one that matches."""
    is_named = profile is not None and pod.annotations.get(PROFILE) == profile.name
    if serving.runtime and not (is_named or serving.runtime.layer.says_nothing):
        return serving.runtime.layer
    return profile.layer if profile else NOTHING_SAID


def _named(pod: Pod, namespace_labels: Labels, profiles: tuple[Profile, ...]) -> Profile | None:
    """Return the profile that the pod names: it counts for other pods than it selects, not for other namespaces."""
    named = pod.annotations.get(PROFILE)
    if not named:
        return None
    usable = (each for each in profiles if each.name == named and each.namespaces.selects(namespace_labels))
    return next(usable, None)


def _ambiguity(matching: list[Profile]) -> tuple[str, ...]:
    if len(matching) < 2:  # noqa: PLR2004 - two is the least that can disagree
        return ()
    names = ", ".join(sorted(each.name for each in matching))
    first, second = matching[:2]
    reason = "is the most specific" if first.specificity > second.specificity else "comes first by name"
    return (f"profiles {names} all match; {first.name} {reason}. Name one with annotation {PROFILE}",)

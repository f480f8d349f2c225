"""What speaks against a profile: classes that do not exist, pods of another profile, words that decide nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from placement.asking.profiles import Profile
from placement.label_selectors import EVERYTHING
from placement.linting.findings import Findings, Surroundings, nearest

_SUPPORTED = "acceleratorRequirements.supportedClasses"
_EXCLUDED = "acceleratorRequirements.excludedClasses"
_MOST_REASONS = 3


def references(profile: Profile) -> Mapping[str, tuple[str, ...]]:
    """Return the classes that a profile names, by the field that names them."""
    return {
        _SUPPORTED: profile.listed,
        _EXCLUDED: tuple(sorted(profile.requirements.excluded)),
        **_wishes(profile),
    }


def named_classes(profile: Profile) -> frozenset[str]:
    """Return every class that a profile names."""
    return frozenset(name for names in references(profile).values() for name in names)


def unknown_classes(profile: Profile, around: Surroundings, missing: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each place where a profile names one of the classes that do not exist."""
    known = {*around.catalog.classes, *around.invalid}
    return tuple(
        f"{field} names class {name}, which this cluster does not have{nearest(name, known)}"
        for field, names in references(profile).items()
        for name in names
        if name in missing
    )


def lint_profile(profile: Profile, around: Surroundings) -> Findings:
    """Return what is found of a profile beside classes that do not exist."""
    others = [each for each in around.profiles if each.name != profile.name]
    same = [each for each in others if _selects_the_same(profile, each)]
    return Findings(
        tuple(_rivals(profile, same)),
        tuple(_suspicions(profile, around, [each for each in others if each not in same], same)),
    )


def _rivals(profile: Profile, same: list[Profile]) -> Iterator[str]:
    """Refuse a second profile for the same pods, unless it says the same: then it is the first one, being renamed."""
    for each in same:
        if replace(each, name=profile.name) != profile:
            yield (
                f"profile {each.name} has the same podSelector and namespaceSelector: select other pods, or change "
                "that one"
            )


def _suspicions(profile: Profile, around: Surroundings, others: list[Profile], same: list[Profile]) -> Iterator[str]:
    if profile.pods == profile.namespaces == EVERYTHING:
        yield "selects every pod of every namespace that opted in"
    for each in same:
        if replace(each, name=profile.name) == profile:
            yield f"says the same as profile {each.name}, of the same pods: delete one of the two"
    yield from _overlaps(profile, others)
    yield from _unusable(profile, around)
    yield from _idle(profile)
    yield from _unfit(profile, around)


def _overlaps(profile: Profile, others: list[Profile]) -> Iterator[str]:
    """Yield the profiles that some pod may match as well, unless one says all that the other says, and more."""
    for each in others:
        if profile.pods.overlaps(each.pods) and profile.namespaces.overlaps(each.namespaces):
            conditions, theirs = _conditions(profile), _conditions(each)
            if not (conditions < theirs or theirs < conditions):
                yield f"some pods may match profile {each.name} as well: of these two {_precedence(profile, each)}"


def _precedence(profile: Profile, other: Profile) -> str:
    first, second = sorted((profile, other), key=lambda each: (-each.specificity, each.name))
    has_more = first.specificity > second.specificity
    return f"{first.name} counts, {'which has more conditions' if has_more else 'whose name comes first'}"


def _unusable(profile: Profile, around: Surroundings) -> Iterator[str]:
    for field, names in references(profile).items():
        for name in names:
            if name in around.invalid:
                yield f"{field} names class {name}, which is not valid: see its condition Ready"


def _idle(profile: Profile) -> Iterator[str]:
    """Yield what is said of classes that the profile itself rules out, and conditions that decide nothing."""
    supported, excluded = profile.requirements.supported, profile.requirements.excluded
    for field, names in _wishes(profile).items():
        for name in names:
            if supported is not None and name not in supported:
                yield f"{field} names class {name}, which supportedClasses leaves out, so that it decides nothing"
            elif name in excluded:
                yield f"{field} names class {name}, which excludedClasses rules out, so that it decides nothing"
    if any(each.unknowable for each in profile.preferences):
        yield "requestSize decides nothing: the size of requests is not known when a pod is created"


def _unfit(profile: Profile, around: Surroundings) -> Iterator[str]:
    """Yield why none of the classes will do; says nothing where one that will do may not have been seen yet."""
    requirements, classes = profile.requirements, around.catalog.classes
    candidates = sorted(classes if requirements.supported is None else requirements.supported)
    rejections = [requirements.rejection(classes[name]) for name in candidates if name in classes]
    reasons = [f"{each.subject} {each.reason}" for each in rejections if each]
    if reasons and len(reasons) == len(candidates):
        yield f"no class of this cluster will do: {'; '.join(reasons[:_MOST_REASONS])}"


def _wishes(profile: Profile) -> Mapping[str, tuple[str, ...]]:
    """Return the classes of which something is wished, by field."""
    return {
        "preferredClasses": profile.preferred,
        "acceleratorRequirements.preferenceOrder": _names(each.accelerator_class for each in profile.preferences),
        "acceleratorConfigurations": _names(each.accelerator_class for each in profile.configurations),
    }


def _names(given: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given))


def _selects_the_same(profile: Profile, other: Profile) -> bool:
    return _conditions(profile) == _conditions(other)


def _conditions(profile: Profile) -> frozenset[tuple[str, object]]:
    """Return everything that a profile's selectors say."""
    pods = {("pod", each) for each in profile.pods.conditions}
    return frozenset(pods | {("namespace", each) for each in profile.namespaces.conditions})

"""What speaks against classes and profiles as JSON: it cannot be understood, or the domain finds something of it."""

from collections.abc import Collection

from cluster.custom_objects import InvalidObject, accelerator_class, profile
from cluster.selectors import SELECTS_NOTHING
from placement.linting.classes import suspicions_of_class
from placement.linting.findings import Findings, Surroundings
from placement.linting.profiles import lint_profile, named_classes, unknown_classes

# Both definitions of a class let it say nothing of its nodes, and OME then goes by its resources.
_LEGAL = f"spec.discovery: {SELECTS_NOTHING}"


def findings_of_class(raw: bytes, around: Surroundings) -> Findings:
    """Return what is found of a class."""
    try:
        return Findings(suspicions=suspicions_of_class(accelerator_class(raw), around))
    except InvalidObject as error:
        refusals = tuple(each for each in error.problems if each != _LEGAL)
        return Findings(refusals, tuple(each for each in error.problems if each == _LEGAL))


def findings_of_profile(
    raw: bytes, around: Surroundings, missing: Collection[str], *, is_rehearsal: bool = False
) -> Findings:
    """Return what is found of a profile; `missing` are the classes that it names and that do not exist.

    A rehearsal is not refused for these: whoever tries all objects before writing any, as Flux does, tries profiles
    before their classes are there.
    """
    try:
        written = profile(raw)
    except InvalidObject as error:
        return Findings(error.problems)
    unknown, found = unknown_classes(written, around, missing), lint_profile(written, around)
    if is_rehearsal:
        return Findings(found.refusals, (*unknown, *found.suspicions))
    return Findings((*unknown, *found.refusals), found.suspicions)


def unseen_classes(raw: bytes, around: Surroundings) -> frozenset[str]:
    """Return the classes that a profile names and that are not known, none where it cannot be understood."""
    try:
        return named_classes(profile(raw)) - around.catalog.classes.keys() - around.invalid
    except InvalidObject:
        return frozenset()

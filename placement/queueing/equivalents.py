"""What a flavor says in the words of a class, and a class in the words of a flavor."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from placement.accelerators import MAX_CLASS_NAME, AcceleratorClass
from placement.discovering.readings import DiscoveredClass
from placement.queueing.flavors import MAX_LABELS, Flavor
from placement.selection import EVERYWHERE, Expression, NodeSelection, Operator, Term
from placement.taints import FORBIDDING, Taint, Toleration


def unnamable(flavor: Flavor) -> str:
    """Return why no class can have the flavor's name; empty where one can."""
    if len(flavor.name) <= MAX_CLASS_NAME:
        return ""
    return (
        f"its name has {len(flavor.name)} characters, and that of a class at most {MAX_CLASS_NAME}: write one by hand"
    )


def class_for(flavor: Flavor, found: Collection[DiscoveredClass]) -> DiscoveredClass:
    """Return the class for a flavor's nodes, with what was found on them: all of it where they have one hardware.

    Of several kinds of hardware only the vendor is told, where they have one.
    """
    only = next(iter(found)) if len(found) == 1 else DiscoveredClass(_unknown(found))
    hardware = only.accelerator_class
    more = (
        each for each in tolerations_for(flavor) if not any(had.covers(each) for had in hardware.listed_tolerations)
    )
    made = replace(
        hardware,
        name=flavor.name,
        selection=NodeSelection(flavor.labels),
        listed_tolerations=(*hardware.listed_tolerations, *more),
        kueue_flavor=flavor.name,
    )
    return replace(only, accelerator_class=made, readings=(), problems=())


def tolerations_for(flavor: Flavor) -> tuple[Toleration, ...]:
    """Return what pods need on the flavor's nodes: its tolerations, and one for each taint that these leave.

    A toleration of every key is left out, because a class must not let its pods go everywhere.
    """
    given = tuple(each for each in flavor.tolerations if each.key)
    forbidding = (each for each in flavor.taints if each.effect in FORBIDDING)
    return (*given, *(_for(each) for each in forbidding if not any(mine.tolerates(each) for mine in given)))


def labels_for(candidate: AcceleratorClass) -> tuple[Mapping[str, str], str]:
    """Return the labels of a flavor for the class's nodes, or why there can be none.

    A flavor has equality labels alone. One term of In with one value each says the same in other words.
    """
    terms = candidate.selection.terms
    if len(terms) > 1:
        return {}, f"it selects its nodes by {len(terms)} alternatives, and a flavor has one list of labels"
    labels = dict(candidate.selection.labels)
    for each in _conditions(terms):
        if each.operator is not Operator.IN or len(each.values) != 1:
            return {}, f"it selects its nodes by {each}, and a flavor compares labels with one value"
        if labels.setdefault(each.key, each.values[0]) != each.values[0]:
            return {}, f"it wants {each.key} to be {labels[each.key]} and {each.values[0]}, which no node can be"
    if any(term.fields for term in terms):
        return {}, "it names its nodes, and a flavor selects them by labels"
    if not 0 < len(labels) <= MAX_LABELS:
        return {}, f"it selects its nodes by {len(labels)} labels, and a flavor has 1 to {MAX_LABELS}"
    return labels, ""


def _unknown(found: Collection[DiscoveredClass]) -> AcceleratorClass:
    vendors = {each.accelerator_class.vendor for each in found}
    return AcceleratorClass("", EVERYWHERE, vendor=next(iter(vendors)) if len(vendors) == 1 else "")


def _for(taint: Taint) -> Toleration:
    if taint.value:
        return Toleration(taint.key, "Equal", taint.value, taint.effect)
    return Toleration(taint.key, "Exists", effect=taint.effect)


def _conditions(terms: tuple[Term, ...]) -> Iterator[Expression]:
    return (each for term in terms for each in term.expressions)

"""Whether a class and its flavor of Kueue say the same, and if not, why, for people."""

from collections.abc import Mapping

from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class
from cluster.kueue_shapes import flavor
from cluster.names import is_object_name
from controller.queueing.links import Link, is_made_by_berth
from controller.reconciling.conditions import Judgement
from placement.queueing.equivalents import labels_for

IN_SYNC = "KueueFlavorInSync"

Labels = Mapping[str, str]


def finding(seen: CustomObject, link: Link, standing: CustomObject | None, *, first: str, is_served: bool) -> Judgement:
    """Return what is found of a class and the flavor that it has to do with, which is None where there is none.

    `first` is the class that the flavor is made of where several name it; without Kueue no flavor `is_served`.
    """
    name = link.made_of or link.named
    try:
        labels, problem = labels_for(accelerator_class(seen.raw))
        found = flavor(standing.raw).labels if standing else {}
    except InvalidObject as error:
        return _no("NotUnderstood", str(error))
    if not is_served:
        return _no("KueueMissing", "this cluster has no ResourceFlavors: Kueue is not installed")
    problem = problem or ("" if is_object_name(name) else f"{name!r} is no name of an object")
    if problem:
        return _no("NotExpressible", problem)
    if standing is None:
        return _no("FlavorMissing", _absence(link))
    if found == labels:
        return Judgement(IN_SYNC, holds=True, reason="InSync", message=f"ResourceFlavor {name} is for the same nodes.")
    reason, why = _cause(seen.name, link, standing, first)
    return _no(reason, f"ResourceFlavor {name} is for other nodes: {_difference(labels, found)}", why)


def _difference(labels: Labels, found: Labels) -> str:
    """Return in which labels a class and a flavor differ."""
    mine, others = labels.items() - found.items(), found.items() - labels.items()
    parts = (("the class wants", mine), ("the flavor wants", others))
    return ", ".join(f"{who} {', '.join(sorted(map('='.join, wanted)))}" for who, wanted in parts if wanted)


def _cause(name: str, link: Link, standing: CustomObject, first: str) -> tuple[str, str]:
    """Return why a class and its flavor may differ, in a word and in a sentence."""
    if link.made_of:
        return "Drifted", "somebody edited the class, and such edits stay"
    if name != first:
        return "ClaimedTwice", f"class {first} names the flavor as well, and comes first"
    if not is_made_by_berth(standing):
        return "ForeignFlavor", "the flavor is somebody else's, and Berth does not write it: mend one of the two"
    return "Drifted", "somebody edited the flavor, or gave it a topology, and such edits stay"


def _absence(link: Link) -> str:
    if link.made_of:
        return f"ResourceFlavor {link.made_of} is gone; the class stays while it is used or edited"
    return f"ResourceFlavor {link.named} is not there yet"


def _no(reason: str, *sentences: str) -> Judgement:
    return Judgement(IN_SYNC, holds=False, reason=reason, message="; ".join(sentences))

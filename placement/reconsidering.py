"""What admission says of pods that stand already: those that it never saw, and those that wait for their class."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from placement import keys
from placement.admission import World, admit, compete, inquire
from placement.asking.class_requests import Known, request_of
from placement.asking.profiles import Profile
from placement.choosing.availability import Room
from placement.pods import Pod

# Shows a pod that runs already, and is exempt from admission by Berth's webhook configuration.
_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Finding:
    """The class that a pod should have (empty: none will do), and the profile that matches it."""

    chosen: str
    profile: Profile | None = None


def is_enforced(namespace_labels: Mapping[str, str] | None) -> bool:
    """Tell whether pods of a namespace with these labels are changed when they are created."""
    return (namespace_labels or {}).get(keys.INJECTION) == "enforce"


def may_have_slipped(pod: Pod) -> bool:
    """Tell whether a pod bears no sign of having been treated, and did not opt out."""
    if pod.is_finished or pod.is_terminating or pod.labels.get(keys.INJECTION) == "false":
        return False
    return keys.CHOSEN_CLASS not in pod.labels and pod.annotations.keys().isdisjoint({keys.DECISION, _MIRROR})


def is_asked_for(pod: Pod, namespace_labels: Mapping[str, str], known: Known) -> bool:
    """Tell whether anybody asks for a class for a pod, whose containers need not be known for that."""
    return request_of(pod, namespace_labels, known) is not None


def missed(pod: Pod, namespace_labels: Mapping[str, str], world: World) -> Finding | None:
    """Return what a pod that slipped through would get if it were created, or None where it would be left alone."""
    verdict = admit(_anew(pod), namespace_labels, world)
    if verdict.asked is None:
        return None
    return Finding(verdict.classes[0] if verdict.classes else "", verdict.asked.profile)


def elsewhere(pod: Pod, waits_for: str, namespace_labels: Mapping[str, str], world: World) -> Finding | None:
    """Return the best other class that will do for a pod as it is created, and has room now; None where none has.

    A class that is named, waited for on purpose or shared with a group is kept.
    """
    inquiry = inquire(_anew(pod), namespace_labels, world)
    asked, found = inquiry.asked, compete(inquiry, world)
    if asked is None or found is None or asked.explicit or asked.group or asked.layer.waits:
        return None
    for each in found.ordered:
        room = Room(asked.located, each, found.plans.demand(each), world.inventory)
        if each.name != waits_for and room.remains_behind(world.roster.pending.get(each.name, {})):
            return Finding(each.name, asked.profile)
    return None


def _anew(pod: Pod) -> Pod:
    """Return a pod as it comes to admission: without a node, and without anything that only Berth writes."""
    annotations = {key: text for key, text in pod.annotations.items() if key not in keys.OURS_ON_PODS}
    labels = {key: text for key, text in pod.labels.items() if key not in keys.OURS_ON_PODS}
    return replace(pod, node="", labels=labels, annotations=annotations)

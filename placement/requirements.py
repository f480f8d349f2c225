"""Requirements: everything that one pod asks, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from placement.accelerators import Catalog
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod
from placement.selection import EVERYWHERE, NodeSelection
from placement.taints import Toleration


class Spread(StrEnum):
    """Over what the replicas of one owner prefer to spread."""

    NONE = "none"
    NODE = "node"
    ZONE = "zone"


@dataclass(frozen=True)
class Requirements:
    """Everything one pod asks of a node; `accelerators` is the part of `requests` that some class knows.

    `classes` are those between which the node decides, in order of preference; with less than two nothing is open.
    """

    requests: Mapping[str, int]
    accelerators: Mapping[str, int] = field(default_factory=dict)
    selection: NodeSelection = EVERYWHERE
    tolerations: tuple[Toleration, ...] = ()
    owner: str = ""
    spread: Spread = Spread.NODE
    classes: tuple[str, ...] = ()


def requirements_of(pod: Pod, catalog: Catalog, spread: Spread = Spread.NODE) -> Requirements:
    """Return what the pod asks of a node, with the part of it that are accelerators known to the catalog."""
    requests = {name: count for name, count in pod.requests.items() if count > 0}
    accelerators = catalog.accelerators(requests)
    classes = tuple(pod.annotations.get(CHOSEN_CLASS, "").split(","))
    return Requirements(
        requests, accelerators, pod.selection, pod.tolerations, pod.owner, spread, classes if len(classes) > 1 else ()
    )

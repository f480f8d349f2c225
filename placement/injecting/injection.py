"""What the chosen class, or several that are left open, add to a pod: additions only, what its author wrote stays."""

from dataclasses import dataclass

from placement.accelerators import AcceleratorClass
from placement.asking.class_requests import ClassRequest
from placement.injecting.plans import is_queued
from placement.inventory import Inventory
from placement.mutations import ContainerMutation, Mutation
from placement.pods import Pod
from placement.scaling.supply import NO_SUPPLY, NodeSupply, is_readable
from placement.selection import Term, narrowed
from placement.taints import Toleration

DEFAULT_SCHEDULER = "default-scheduler"
# Labels that autoscalers know of nodes which do not exist yet.
_KNOWN_TO_AUTOSCALERS = (
    "cloud.google.com/",
    "eks.amazonaws.com/",
    "karpenter.",
    "kubernetes.azure.com/",
    "kubernetes.io/",
    "node.kubernetes.io/",
    "topology.kubernetes.io/",
)


@dataclass(frozen=True, slots=True)
class Premises:
    """What there is where a pod is to run: nodes, who can make more, and whose name pods get for their scheduler."""

    inventory: Inventory
    scheduler_name: str | None = None
    supply: NodeSupply = NO_SUPPLY


def injection(
    asked: ClassRequest,
    taken: tuple[AcceleratorClass, ...],
    containers: tuple[ContainerMutation, ...],
    premises: Premises,
) -> Mutation:
    """Return what is added so that the pod runs on one of the classes; `containers` is what these add to its own."""
    pod, scheduler_name = asked.pod, premises.scheduler_name
    is_plain = len(taken) == 1 and not is_queued(pod) and _is_plain(taken[0], premises.inventory)
    wanted = dict(asked.layer.node_labels)
    if is_plain:
        wanted = {**taken[0].selection.labels, **wanted}
    return Mutation(
        node_selector={key: value for key, value in wanted.items() if key not in pod.selection.labels},
        terms=None if is_plain else _terms(pod, taken, premises.supply),
        tolerations=_tolerations(pod, taken),
        containers=tuple(each for each in containers if not each.is_empty),
        scheduler_name=scheduler_name if takes_scheduler(pod, scheduler_name) else None,
    )


def takes_scheduler(pod: Pod, scheduler_name: str | None) -> bool:
    """Tell whether the name is ours to set: nobody chose another or a node, and no gang scheduler waits for the pod."""
    is_free = pod.scheduler_name in ("", DEFAULT_SCHEDULER) and not pod.node and not pod.in_gang
    return bool(scheduler_name) and is_free


def alternatives(taken: tuple[AcceleratorClass, ...], supply: NodeSupply = NO_SUPPLY) -> tuple[Term, ...]:
    """Return the terms of classes, of which one holds: those first that autoscalers can get nodes for, then in order.

    Karpenter looks at the first term, and at the next only when it finds no instance for that. What it can read of the
    cluster's NodePools comes before what autoscalers in general know.
    """
    terms = dict.fromkeys(term for each in taken for term in each.selection.as_terms())
    return tuple(sorted(terms, key=lambda term: (not is_readable(term, supply), not _is_known_to_autoscalers(term))))


def _is_plain(chosen: AcceleratorClass, inventory: Inventory) -> bool:
    return not chosen.selection.terms and chosen.name in inventory.by_class


def _terms(pod: Pod, taken: tuple[AcceleratorClass, ...], supply: NodeSupply) -> tuple[Term, ...] | None:
    """Return the required terms as they will stand, or None where nothing changes."""
    terms = narrowed(pod.selection.terms, alternatives(taken, supply))
    return None if terms == pod.selection.terms else terms


def _is_known_to_autoscalers(term: Term) -> bool:
    return all(each.key.startswith(_KNOWN_TO_AUTOSCALERS) for each in term.expressions)


def _tolerations(pod: Pod, taken: tuple[AcceleratorClass, ...]) -> tuple[Toleration, ...]:
    wanted = dict.fromkeys(toleration for each in taken for toleration in each.tolerations)
    return tuple(new for new in wanted if not any(mine.covers(new) for mine in pod.tolerations))

"""What a class and its configuration add to a pod: additions only, what its author wrote stays."""

from placement.accelerators import AcceleratorClass
from placement.class_requests import ClassRequest
from placement.demand import container_mutations, is_queued
from placement.inventory import Inventory
from placement.mutations import Mutation
from placement.pods import Pod
from placement.selection import NodeSelection, Term, narrowed
from placement.taints import Toleration

DEFAULT_SCHEDULER = "default-scheduler"


def injection(
    asked: ClassRequest, chosen: AcceleratorClass, inventory: Inventory, scheduler_name: str | None
) -> Mutation:
    """Return what is added so that the pod runs on the class; `scheduler_name` replaces the default scheduler's."""
    pod = asked.pod
    is_plain = not chosen.selection.terms and not is_queued(pod) and _is_carried(chosen, inventory)
    return Mutation(
        node_selector=_labels(pod, chosen.selection) if is_plain else {},
        terms=None if is_plain else _terms(pod, chosen.selection),
        tolerations=_tolerations(pod, chosen),
        containers=tuple(each for each in container_mutations(asked, chosen) if not each.is_empty),
        scheduler_name=scheduler_name if _takes_scheduler(pod, scheduler_name) else None,
    )


def _labels(pod: Pod, wanted: NodeSelection) -> dict[str, str]:
    return {key: value for key, value in wanted.labels.items() if key not in pod.selection.labels}


def _terms(pod: Pod, wanted: NodeSelection) -> tuple[Term, ...] | None:
    """Return the required terms as they will stand, or None where nothing changes."""
    terms = narrowed(pod.selection.terms, wanted.as_terms())
    return None if terms == pod.selection.terms else terms


def _tolerations(pod: Pod, chosen: AcceleratorClass) -> tuple[Toleration, ...]:
    return tuple(new for new in chosen.tolerations if not any(mine.covers(new) for mine in pod.tolerations))


def _is_carried(chosen: AcceleratorClass, inventory: Inventory) -> bool:
    return chosen.name in inventory.by_class


def _takes_scheduler(pod: Pod, scheduler_name: str | None) -> bool:
    """Tell whether the name is ours to set: nobody chose another or a node, and no gang scheduler waits for the pod."""
    is_free = pod.scheduler_name in ("", DEFAULT_SCHEDULER) and not pod.node and not pod.in_gang
    return bool(scheduler_name) and is_free

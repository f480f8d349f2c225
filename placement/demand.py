"""What a pod asks for once a class is injected: the devices that a node must offer."""

from collections.abc import Mapping
from dataclasses import replace

from placement.accelerators import AcceleratorClass
from placement.class_requests import ClassRequest
from placement.container_injection import container_mutation
from placement.mutations import ContainerMutation
from placement.platforms import counts_are_fixed
from placement.pods import Container, Pod
from placement.profiles import Configuration
from placement.quantities import is_extended

# Kueue holds the pod's resources against a quota and reads its flavor from affinity alone.
_KUEUE_LABELS = frozenset({"kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed", "kueue.x-k8s.io/pod-group-name"})


def is_queued(pod: Pod) -> bool:
    """Tell whether Kueue manages the pod."""
    return not _KUEUE_LABELS.isdisjoint(pod.labels)


def container_mutations(asked: ClassRequest, candidate: AcceleratorClass) -> tuple[ContainerMutation, ...]:
    """Return what the class adds to each container that runs the model; counts stay where somebody counted already."""
    pod = asked.pod
    counts_are_open = not (is_queued(pod) or pod.in_gang or counts_are_fixed(pod))
    configuration = _within_pod(pod, asked.configuration(candidate))
    return tuple(
        container_mutation(each, candidate, configuration, counts_are_open=counts_are_open) for each in asked.engines
    )


def demand(asked: ClassRequest, candidate: AcceleratorClass) -> Mapping[str, int]:
    """Return the devices of the class that the pod asks for once it is injected, per resource name."""
    changes = {each.container: each for each in container_mutations(asked, candidate)}
    containers = tuple(_changed(each, changes.get(each.name)) for each in asked.pod.containers)
    requests = replace(asked.pod, containers=containers).requests
    return {name: count for name, count in requests.items() if name in candidate.resource_names and count > 0}


def _changed(container: Container, change: ContainerMutation | None) -> Container:
    if change is None:
        return container
    requests, limits = {**container.requests, **change.requests}, {**container.limits, **change.limits}
    return replace(container, requests=requests, limits=limits)


def _within_pod(pod: Pod, configuration: Configuration) -> Configuration:
    """Leave cpu and memory out where they are given for the pod as a whole: containers may not ask for more."""
    if not pod.pod_level:
        return configuration
    parts = ({name: text for name, text in part.items() if is_extended(name)} for part in configuration.amounts)
    requests, limits = parts
    return replace(configuration, requests=requests, limits=limits)

"""Plans: what a pod becomes on a class, and what it then asks of a node."""

from collections.abc import Hashable, Mapping
from dataclasses import replace

from placement.accelerators import AcceleratorClass
from placement.asking.class_requests import ClassRequest
from placement.asking.configurations import Configuration
from placement.injecting.container_injection import Latitude, added_resources, container_mutation
from placement.mutations import ContainerMutation
from placement.pods import Container, Pod
from placement.quantities import is_extended
from placement.recognising.platforms import count_variables, counts_are_fixed, is_restored
from placement.shares import SHARES

# Kueue holds the pod's resources against a quota and reads its flavor from affinity alone.
_KUEUE_LABELS = frozenset({"kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed", "kueue.x-k8s.io/pod-group-name"})


class Plans:
    """What one pod becomes on each class, found out once for all classes of the same resources and configuration."""

    def __init__(self, asked: ClassRequest) -> None:
        self._asked = asked
        self._latitude = latitude_of(asked)
        self._configurations: dict[str, Configuration] = {}
        self._shapes: dict[str, Hashable] = {}
        self._resourced: dict[Hashable, Pod] = {}
        self._demands: dict[str, Mapping[str, int]] = {}

    def shape(self, candidate: AcceleratorClass) -> Hashable:
        """Return a value that is equal for classes on which the pod becomes the same."""
        if candidate.name not in self._shapes:
            configuration = self._configuration(candidate)
            self._shapes[candidate.name] = (*_resource_shape(candidate, configuration), *_process_shape(configuration))
        return self._shapes[candidate.name]

    def demand(self, candidate: AcceleratorClass) -> Mapping[str, int]:
        """Return the devices of a class that the pod asks for on it, whole or in shares, per resource name."""
        if candidate.name not in self._demands:
            requests, names = self.resourced(candidate).requests, candidate.resource_names | {SHARES}
            self._demands[candidate.name] = {
                name: count for name, count in requests.items() if count > 0 and name in names
            }
        return self._demands[candidate.name]

    def resourced(self, candidate: AcceleratorClass) -> Pod:
        """Return the pod with what it asks for on a class."""
        configuration = self._configuration(candidate)
        # Its arguments tell over how many devices the engine splits its model.
        shape = (*_resource_shape(candidate, configuration), configuration.args)
        if shape not in self._resourced:
            self._resourced[shape] = _resourced(self._asked, candidate, configuration, self._latitude)
        return self._resourced[shape]

    def mutations(self, candidate: AcceleratorClass) -> tuple[ContainerMutation, ...]:
        """Return what is added to the pod's containers on a class."""
        asked, configuration = self._asked, self._configuration(candidate)
        return tuple(
            container_mutation(each, candidate, configuration, self._latitude, asked.serving) for each in asked.engines
        )

    def _configuration(self, candidate: AcceleratorClass) -> Configuration:
        name = candidate.name
        if name not in self._configurations:
            self._configurations[name] = _within_pod(self._asked.pod, self._asked.configuration(candidate))
        return self._configurations[name]


def _resource_shape(candidate: AcceleratorClass, configuration: Configuration) -> tuple[Hashable, ...]:
    return candidate.resources, *(tuple(sorted(each.items())) for each in configuration.amounts)


def _process_shape(configuration: Configuration) -> tuple[Hashable, ...]:
    return configuration.args, tuple((each.name, each.value, str(each.reference)) for each in configuration.env)


def is_queued(pod: Pod) -> bool:
    """Tell whether Kueue manages the pod."""
    return not _KUEUE_LABELS.isdisjoint(pod.labels)


def latitude_of(asked: ClassRequest) -> Latitude:
    """Return what may change on a pod; counts stay where somebody counted already."""
    pod = asked.pod
    return Latitude(
        counts=not (is_queued(pod) or pod.in_gang or counts_are_fixed(pod)),
        process=not is_restored(pod),
        args=not asked.serving.fixes_command,
        count_variables=count_variables(pod),
        group_size=asked.group.size if asked.group and asked.group.size else 1,
    )


def _resourced(
    asked: ClassRequest, candidate: AcceleratorClass, configuration: Configuration, latitude: Latitude
) -> Pod:
    added = {
        each.name: added_resources(each, candidate, configuration, latitude, asked.serving) for each in asked.engines
    }
    return replace(
        asked.pod, containers=tuple(_with(each, *added.get(each.name, ({}, {}))) for each in asked.pod.containers)
    )


def _with(container: Container, limits: Mapping[str, str], requests: Mapping[str, str]) -> Container:
    return replace(container, requests={**container.requests, **requests}, limits={**container.limits, **limits})


def _within_pod(pod: Pod, configuration: Configuration) -> Configuration:
    """Leave cpu and memory out where they are given for the pod as a whole: containers may not ask for more."""
    if not pod.pod_level:
        return configuration
    parts = ({name: text for name, text in part.items() if is_extended(name)} for part in configuration.amounts)
    requests, limits = parts
    return replace(configuration, requests=requests, limits=limits)

"""Pods as the domain sees them: what decides about class and node, nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from placement.keys import CHOSEN_CLASS
from placement.quantities import CPU, MEMORY, amounts
from placement.selection import NodeSelection
from placement.taints import Toleration

# A node's capacity for pods is a resource like any other.
ITSELF = {"pods": 1}


@dataclass(frozen=True, slots=True)
class EnvVar:
    """An environment variable: its value, or None where it comes from a reference.

    `reference` is that (valueFrom) as JSON, where it is to be injected; of a pod's own only the path of the pod's
    field that it names is known (`field`).
    """

    name: str
    value: str | None = None
    reference: Mapping[str, Any] | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod; requests and limits are quantities as their author wrote them.

    `has_unseen_env` tells that variables come from elsewhere (envFrom); `after_start` is what runs beside it then.
    """

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    claims_devices: bool = False
    is_sidecar: bool = False
    has_unseen_env: bool = False
    after_start: tuple[str, ...] = ()

    @property
    def asked(self) -> Mapping[str, int]:
        """What the scheduler counts: requests, and limits where nothing is requested."""
        return amounts({**self.limits, **self.requests})


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod; `owner` identifies the replicas that belong together (empty: none), `node` is where it is bound.

    `counted` is what the scheduler counts for it, where its containers are not told.

    `created_at` is the moment of its creation as the API server writes it, which sorts as time does.

    A finished pod holds nothing. An unschedulable one was tried by a scheduler that found no node for it. A time-bound
    one has a deadline of its own. `failure` is why its node does not run it, in the node's own word.
    """

    namespace: str
    name: str = ""
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    selection: NodeSelection = field(default_factory=lambda: NodeSelection({}))
    tolerations: tuple[Toleration, ...] = ()
    overhead: Mapping[str, str] = field(default_factory=dict)
    pod_level: Mapping[str, str] = field(default_factory=dict)
    scheduler_name: str = ""
    owner: str = ""
    node: str = ""
    has_soft_wishes: bool = False
    in_gang: bool = False
    is_finished: bool = False
    is_terminating: bool = False
    is_unschedulable: bool = False
    priority_class: str = ""
    priority: int = 0
    nominated_node: str = ""
    is_time_bound: bool = False
    created_at: str = ""
    is_running: bool = False
    failure: str = ""
    counted: Mapping[str, int] | None = None

    @property
    def requests(self) -> Mapping[str, int]:
        """What the scheduler counts for the pod: per resource the larger of start-up and run, and the overhead.

        Formula of KEP-753 (sidecars run beside later init containers and the containers) and KEP-2837 (requests on
        the level of the pod replace the sum). cpu in milli, memory in bytes, all others in units; the pod itself is
        one of the node's `pods`.
        """
        if self.counted is not None:
            return self.counted
        total = self._peak(lambda each: each.asked) | amounts(self.pod_level)
        return _sum(total, amounts(self.overhead), ITSELF)

    @property
    def in_short(self) -> "Pod":
        """The pod with no more than which it is, where it runs and what it asks of a node."""
        chosen = {key: self.annotations[key] for key in (CHOSEN_CLASS,) if key in self.annotations}
        return Pod(
            self.namespace,
            self.name,
            self.uid,
            annotations=chosen,
            selection=self.selection,
            tolerations=self.tolerations,
            owner=self.owner,
            node=self.node,
            created_at=self.created_at,
            counted=self.taken,
        )

    @property
    def taken(self) -> Mapping[str, int]:
        """What it takes of a node: its requests without those of nothing."""
        requests = self.requests
        return requests if all(requests.values()) else {name: count for name, count in requests.items() if count}

    @property
    def limits(self) -> dict[str, int]:
        """What quotas count as the pod's limits, in the units of its requests."""
        return self._peak(lambda each: amounts(each.limits))

    @property
    def is_best_effort(self) -> bool:
        """Whether no container asks for cpu or memory."""
        every = (*self.containers, *self.init_containers)
        return not self.pod_level and not any(each.asked.keys() & {CPU, MEMORY} for each in every)

    def _peak(self, amounts_of: Callable[["Container"], Mapping[str, int]]) -> dict[str, int]:
        """Return the larger of start-up and run, per resource."""
        sidecars: dict[str, int] = {}
        peak: dict[str, int] = {}
        for each in self.init_containers:
            together = _sum(sidecars, amounts_of(each))
            sidecars = together if each.is_sidecar else sidecars
            peak = _max(peak, together)
        return _max(_sum(sidecars, *(amounts_of(each) for each in self.containers)), peak)


def _sum(*lists: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in lists:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total


def _max(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in {**left, **right}} if right else {**left}

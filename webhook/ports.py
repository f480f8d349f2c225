"""What the webhook needs of the cluster room."""

from collections.abc import Mapping
from typing import Protocol

from cluster.knowledge import Knowledge as KnowledgeOfAll
from placement.allowances import Allowances
from placement.asking.roster import Roster
from placement.asking.serving import ServingObjects
from placement.queueing.queues import Queueing
from placement.scaling.supply import NodeSupply


class Knowledge(KnowledgeOfAll, Protocol):
    """What is known of the cluster, and what can be asked of it."""

    @property
    def serving(self) -> ServingObjects:
        """OME's serving objects."""
        ...

    @property
    def queueing(self) -> Queueing:
        """Kueue's flavors and queues."""
        ...

    @property
    def supply(self) -> NodeSupply:
        """The autoscalers that can make nodes."""
        ...

    @property
    def roster(self) -> Roster:
        """The pods that have their class."""
        ...

    def allowances(self, namespace: str) -> Allowances:
        """Return what a namespace lets its pods ask for."""
        ...

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace as the API server has them."""
        ...


class KnowledgeOfClasses(KnowledgeOfAll, Protocol):
    """What is known of the cluster by whoever judges classes and profiles."""

    @property
    def class_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with each invalid class, in sentences."""
        ...

    @property
    def supply(self) -> NodeSupply:
        """The autoscalers that can make nodes."""
        ...

    async def has_class(self, name: str) -> bool:
        """Tell whether the API server has a class of that name, valid or not; raises ApiError."""
        ...

"""What the extender needs of the cluster room."""

from collections.abc import Mapping
from typing import Protocol

from cluster.knowledge import Knowledge as KnowledgeOfAll
from placement.inventory import Hold


class Flights(Protocol):
    """The account's holds of pods in flight: chosen a node for, and not yet seen bound."""

    @property
    def assumed(self) -> Mapping[str, Hold]:
        """The holds by uid of the pod."""
        ...

    def assume(self, uid: str, hold: Hold) -> None:
        """Count a pod as in flight until it is seen bound, finished or gone, or is forgotten."""
        ...

    def forget(self, uid: str) -> None:
        """Count a pod as in flight no longer."""
        ...


class Knowledge(KnowledgeOfAll, Protocol):
    """What is known of the cluster, and where pods in flight are counted."""

    @property
    def account(self) -> Flights:
        """Where pods in flight are counted."""
        ...

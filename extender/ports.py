"""What the extender needs of the cluster room."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
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


class Account(Flights, Protocol):
    """Those, and the holds of bound pods."""

    def held_by(self, uid: str) -> Hold | None:
        """Return the hold of a bound pod."""
        ...

    def tenants(self, nodes: Collection[str]) -> Iterable[tuple[str, Hold]]:
        """Return the pods that are bound to these nodes, by uid, and their holds."""
        ...

    @property
    def ending(self) -> AbstractSet[str]:
        """The bound pods that end already, by uid."""
        ...


class Knowledge(KnowledgeOfAll, Protocol):
    """What is known of the cluster, and where pods are counted."""

    @property
    def account(self) -> Account:
        """Where pods are counted."""
        ...

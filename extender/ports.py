"""What the extender needs of the cluster room."""

from collections.abc import Mapping
from typing import Protocol

from placement.accelerators import Catalog
from placement.inventory import Hold, Inventory
from placement.profiles import Profile


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


class Knowledge(Protocol):
    """What is known of the cluster; implemented by cluster.view.ClusterView, by values in tests."""

    @property
    def is_synced(self) -> bool:
        """Whether every list has been read once."""
        ...

    @property
    def catalog(self) -> Catalog:
        """The valid classes."""
        ...

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The valid profiles."""
        ...

    @property
    def inventory(self) -> Inventory:
        """The nodes, pods in flight counted."""
        ...

    @property
    def account(self) -> Flights:
        """Where pods in flight are counted."""
        ...

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace as last seen, or None where it was not seen yet."""
        ...

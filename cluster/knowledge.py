"""What a program that decides needs to know of the cluster, whoever knows it."""

from collections.abc import Mapping
from typing import Protocol

from placement.accelerators import Catalog
from placement.asking.profiles import Profile
from placement.inventory import Inventory


class Knowledge(Protocol):
    """The cluster as last seen; implemented by cluster.view.ClusterView, by values in tests."""

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

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace as last seen, or None where it was not seen yet."""
        ...

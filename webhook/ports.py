"""What the webhook needs of the cluster room."""

from collections.abc import Mapping
from typing import Protocol

from cluster.knowledge import Knowledge as KnowledgeOfAll
from placement.allowances import Allowances
from placement.asking.roster import Roster
from placement.asking.serving import ServingObjects


class Knowledge(KnowledgeOfAll, Protocol):
    """What is known of the cluster, and what can be asked of it."""

    @property
    def serving(self) -> ServingObjects:
        """OME's serving objects."""
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

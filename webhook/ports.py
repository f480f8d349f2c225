"""What the webhook needs of the cluster room."""

from collections.abc import Mapping
from typing import Protocol

from cluster.knowledge import Knowledge as KnowledgeOfAll


class Knowledge(KnowledgeOfAll, Protocol):
    """What is known of the cluster, and what can be asked of it."""

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace as the API server has them."""
        ...

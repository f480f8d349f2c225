"""What is known of a cluster, as values: stands in for ClusterView at the webhook's port."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.api import ApiError
from placement.accelerators import Catalog
from placement.inventory import Inventory
from placement.keys import INJECTION
from placement.profiles import Profile
from tests.builders import CATALOG, INVENTORY

NAMESPACES = {mode: {INJECTION: mode} for mode in ("enforce", "warn", "audit", "nonsense")} | {"unlabelled": {}}


@dataclass
class Values:
    """Implements webhook.ports.Knowledge; `behind` are namespaces that only the API server knows yet."""

    is_synced: bool = True
    catalog: Catalog = CATALOG
    profiles: tuple[Profile, ...] = ()
    inventory: Inventory = INVENTORY
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: dict(NAMESPACES))
    behind: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return labels as the watch has them."""
        return self.namespaces.get(name)

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return labels as the API server has them."""
        if name not in self.behind:
            raise ApiError(404, "NotFound", f'namespaces "{name}" not found')
        return self.behind[name]

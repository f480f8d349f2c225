"""What is known of a cluster, as values: stands in for ClusterView at the webhook's port."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.api import ApiError
from placement.accelerators import Catalog
from placement.allowances import NO_LIMITS, Allowances
from placement.asking.profiles import Profile
from placement.asking.roster import NOBODY, Roster
from placement.asking.serving import ServingObjects
from placement.inventory import Inventory
from placement.keys import INJECTION
from placement.queueing.queues import NO_QUEUES, Queueing
from placement.scaling.supply import NO_SUPPLY, NodeSupply
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
    serving: ServingObjects = field(default_factory=ServingObjects)
    roster: Roster = NOBODY
    limits: Mapping[str, Allowances] = field(default_factory=dict)
    queueing: Queueing = NO_QUEUES
    supply: NodeSupply = NO_SUPPLY

    def allowances(self, namespace: str) -> Allowances:
        """Return what pods of a namespace may ask for."""
        return self.limits.get(namespace, NO_LIMITS)

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return labels as the watch has them."""
        return self.namespaces.get(name)

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return labels as the API server has them."""
        if name not in self.behind:
            raise ApiError(404, "NotFound", f'namespaces "{name}" not found')
        return self.behind[name]

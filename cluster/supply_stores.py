"""What is kept of the cluster's autoscalers."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from cluster.custom_objects import strictly
from cluster.kinds import Kind
from cluster.node_pool_shapes import node_groups, node_pool
from cluster.stores import CustomStore
from placement.scaling.node_groups import NodeGroup
from placement.scaling.node_pools import NodePool
from placement.scaling.supply import NO_SUPPLY, NodeSupply, ordered


class SupplyStores:
    """NodePools and cluster-autoscaler's status, and what both come to."""

    def __init__(self) -> None:
        self._pools: CustomStore[NodePool] = CustomStore(strictly(node_pool), self._sum_up)
        self._groups: CustomStore[tuple[NodeGroup, ...]] = CustomStore(node_groups, self._sum_up)
        self.supply = NO_SUPPLY
        self.by_kind: Mapping[Kind, Any] = {Kind.NODE_POOLS: self._pools, Kind.AUTOSCALER_STATUS: self._groups}

    @property
    def problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with each that says something wrong; `NodePool gpu` is such a key."""
        pools = {f"NodePool {key}": found for key, found in self._pools.problems.items()}
        return {**pools, **{f"ConfigMap {key}": found for key, found in self._groups.problems.items()}}

    def _sum_up(self) -> None:
        """Keep the same value as long as it says the same."""
        groups = tuple(chain.from_iterable(self._groups.values.values()))
        supply = NodeSupply(ordered(self._pools.values.values()), groups, bool(self._groups.values))
        if supply != self.supply:
            self.supply = supply

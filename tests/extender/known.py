"""A cluster as the extender knows it, in values, and the questions of a scheduler about it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cluster.account import Account
from extender.desk import Desk
from extender.flights import FlightLog
from placement.accelerators import Catalog
from placement.asking.profiles import Profile
from placement.inventory import Inventory, NodeInventory
from placement.pods import Container, Pod
from tests.builders import CATALOG, NVIDIA

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass
class KnownCluster:
    """The port Knowledge by a real account and values."""

    account: Account = field(default_factory=Account)
    catalog: Catalog = CATALOG
    profiles: tuple[Profile, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_synced: bool = True

    @property
    def inventory(self) -> Inventory:
        """The nodes of the account."""
        return self.account.inventory

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace."""
        return self.labels.get(name)


def known(*nodes: NodeInventory, **more: Any) -> KnownCluster:
    """Return a cluster with these nodes."""
    cluster = KnownCluster(**more)
    cluster.account.use(cluster.catalog)
    for each in nodes:
        cluster.account.apply_node(each)
    return cluster


def bound(node: str, count: int, owner: str = "", uid: str = "") -> Pod:
    """Return a pod that holds so many NVIDIA GPUs of a node."""
    container = Container("engine", limits={NVIDIA: str(count)})
    return Pod("ml", "holder", uid or f"{node}/{count}/{owner}", containers=(container,), node=node, owner=owner)


def desk_of(cluster: KnownCluster, **more: Any) -> Desk:
    """Return a desk on which no time passes."""
    return Desk(cluster, FlightLog(cluster.account, lambda: 0.0), **more)


def pod_json(uid: str = "u1", count: int = 1, resource: str = NVIDIA, owner: str = "", **spec: Any) -> dict[str, Any]:
    """Return a pod as kube-scheduler sends it: without kind, with nulls."""
    owners = [{"uid": owner, "kind": "ReplicaSet", "name": "rs", "apiVersion": "apps/v1", "controller": True}]
    limits = {resource: str(count)} if count else None
    return {
        "metadata": {
            "name": f"pod-{uid}",
            "namespace": "ml",
            "uid": uid,
            "labels": {"app": "chat"},
            "ownerReferences": owners if owner else None,
        },
        "spec": {"containers": [{"name": "engine", "resources": {"limits": limits}}], "initContainers": None, **spec},
        "status": {"phase": "Pending"},
    }


def args(names: Iterable[str], pod: Mapping[str, Any] | None = None) -> bytes:
    """Return ExtenderArgs about a pod and nodes by name."""
    return json.dumps({"Pod": pod or pod_json(), "Nodes": None, "NodeNames": list(names)}).encode()

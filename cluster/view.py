"""What a program knows of the cluster: one reflector for each kind that it watches, and the values made of them."""

import asyncio
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from cluster.account import Account
from cluster.api import Api
from cluster.custom_objects import accelerator_class, decode_custom_object, profile
from cluster.objects import decode_namespace, decode_node, decode_pod
from cluster.observers import SILENT, Observer
from cluster.reflector import STEADY, Pacing, Reflector, Resource
from cluster.stores import CustomStore, NamespaceStore, NodeStore, PodStore
from placement.accelerators import AcceleratorClass, Catalog
from placement.inventory import Inventory
from placement.profiles import Profile

NAMESPACES_PATH = "/api/v1/namespaces"
CLASSES_PATH = "/apis/ome.io/v1beta1/acceleratorclasses"
PROFILES_PATH = "/apis/berth.ome.io/v1alpha1/acceleratorprofiles"


class Kind(StrEnum):
    """What can be watched."""

    NODES = "nodes"
    PODS = "pods"
    NAMESPACES = "namespaces"
    CLASSES = "classes"
    PROFILES = "profiles"


# Finished pods hold nothing; the server reports a pod that finishes as deleted from such a watch.
_UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"

_RESOURCES: Mapping[Kind, Resource[Any]] = {
    Kind.NODES: Resource("/api/v1/nodes", decode_node, lambda node: node.name),
    Kind.PODS: Resource("/api/v1/pods", decode_pod, lambda pod: pod.uid, field_selector=_UNFINISHED),
    Kind.NAMESPACES: Resource(NAMESPACES_PATH, decode_namespace, lambda namespace: namespace.name),
    Kind.CLASSES: Resource(CLASSES_PATH, decode_custom_object, lambda each: each.name, is_optional=True),
    Kind.PROFILES: Resource(PROFILES_PATH, decode_custom_object, lambda each: each.name, is_optional=True),
}


class ClusterView:
    """The cluster as last seen; what is not watched is empty.

    `account` takes the holds of pods in flight.
    """

    def __init__(self, api: Api, watched: Iterable[Kind], observer: Observer = SILENT, pacing: Pacing = STEADY) -> None:
        self.account = Account()
        self._api = api
        self._observer = observer
        self._catalog = Catalog()
        self._namespaces = NamespaceStore()
        self._classes: CustomStore[AcceleratorClass] = CustomStore(accelerator_class, self._use_classes)
        self._profiles: CustomStore[Profile] = CustomStore(profile, self._use_profiles)
        self._sorted_profiles: tuple[Profile, ...] = ()
        stores: Mapping[Kind, Any] = {
            Kind.NODES: NodeStore(self.account, observer),
            Kind.PODS: PodStore(self.account, observer),
            Kind.NAMESPACES: self._namespaces,
            Kind.CLASSES: self._classes,
            Kind.PROFILES: self._profiles,
        }
        self._reflectors = {
            kind: Reflector(api, _RESOURCES[kind], stores[kind], observer, pacing) for kind in sorted(set(watched))
        }

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._reflectors.values():
                tasks.create_task(each.run())

    @property
    def unsynced(self) -> tuple[Kind, ...]:
        """What was not listed yet."""
        return tuple(kind for kind, each in self._reflectors.items() if not each.synced.is_set())

    @property
    def is_synced(self) -> bool:
        """Whether everything that is watched was listed once."""
        return not self.unsynced

    async def until_synced(self) -> None:
        """Return when everything that is watched was listed once."""
        for each in self._reflectors.values():
            await each.synced.wait()

    @property
    def catalog(self) -> Catalog:
        """The valid classes."""
        return self._catalog

    @property
    def class_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with each invalid class, in sentences."""
        return self._classes.problems

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The valid profiles by name."""
        return self._sorted_profiles

    @property
    def profile_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with each invalid profile, in sentences."""
        return self._profiles.problems

    @property
    def inventory(self) -> Inventory:
        """A snapshot of the nodes, with what pods hold of them and which classes they carry."""
        return self.account.inventory

    def namespace_labels(self, name: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace as last seen, or None where it was not seen (yet)."""
        found = self._namespaces.namespaces.get(name)
        return found.labels if found else None

    async def fetch_namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace as the API server has them; raises ApiError."""
        return decode_namespace(await self._api.get(f"{NAMESPACES_PATH}/{name}")).labels

    def _use_classes(self) -> None:
        catalog = Catalog(dict(self._classes.values))
        if catalog != self._catalog:
            self._catalog = catalog
            before = self.account.inventory.nodes
            self.account.use(catalog)
            self._observer.on_catalog(catalog)
            for name, node in self.account.inventory.nodes.items():
                if before.get(name) is not node:
                    self._observer.on_change(name)

    def _use_profiles(self) -> None:
        self._sorted_profiles = tuple(each for _, each in sorted(self._profiles.values.items()))

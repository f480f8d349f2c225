"""What a program knows of the cluster: one reflector for each kind that it watches, and the values made of them."""

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from cluster.account import Account
from cluster.api import UNREACHABLE, Api, ApiError
from cluster.custom_objects import accelerator_class, profile, strictly
from cluster.feeds import Feed
from cluster.kinds import CLASSES_PATH, NAMESPACES_PATH, PROFILES_PATH, RESOURCES, Kind
from cluster.names import is_object_name
from cluster.objects import decode_namespace
from cluster.observers import SILENT, Observer
from cluster.queueing_stores import QueueingStores
from cluster.reflector import STEADY, Pacing, Reflector, Sink
from cluster.roster import PodRoster
from cluster.serving_stores import AllowanceStores, ServingStores
from cluster.stores import CustomStore, NamespaceStore, NodeStore, PodStore
from cluster.supply_stores import SupplyStores
from placement.accelerators import AcceleratorClass, Catalog
from placement.allowances import Allowances
from placement.asking.profiles import Profile
from placement.asking.roster import Roster
from placement.asking.serving import ServingObjects
from placement.inventory import Inventory
from placement.queueing.queues import Queueing
from placement.scaling.supply import NodeSupply

NOBODY: Mapping[Kind, Sink[Any]] = {}

__all__ = ["CLASSES_PATH", "PROFILES_PATH", "ClusterView", "Kind"]


class ClusterView:
    """The cluster as last seen; what is neither watched nor taken in is empty.

    `account` takes the holds of pods in flight. Without an API server nothing can be watched. What a sink in `beside`
    is named for is told to it as well.
    """

    def __init__(
        self,
        api: Api | None,
        watched: Iterable[Kind] = (),
        observer: Observer = SILENT,
        pacing: Pacing = STEADY,
        beside: Mapping[Kind, Sink[Any]] = NOBODY,
    ) -> None:
        self.account = Account()
        self._roster = PodRoster()
        self._api = api
        self._observer = observer
        self._pacing = pacing
        self._catalog = Catalog()
        self._namespaces = NamespaceStore()
        self._classes: CustomStore[AcceleratorClass] = CustomStore(strictly(accelerator_class), self._use_classes)
        self._profiles: CustomStore[Profile] = CustomStore(strictly(profile), self._use_profiles)
        self._sorted_profiles: tuple[Profile, ...] = ()
        self._serving = ServingStores()
        self._allowances = AllowanceStores()
        self._queueing = QueueingStores()
        self._supply = SupplyStores()
        self._stores: Mapping[Kind, Any] = {
            Kind.NODES: NodeStore(self.account, observer),
            Kind.PODS: PodStore(self.account, self._roster, observer),
            Kind.NAMESPACES: self._namespaces,
            Kind.CLASSES: self._classes,
            Kind.PROFILES: self._profiles,
            **self._serving.by_kind,
            **self._allowances.by_kind,
            **self._queueing.by_kind,
            **self._supply.by_kind,
        }
        self._reflectors = {
            kind: Reflector(api, RESOURCES[kind], _both(self._stores[kind], beside.get(kind)), observer, pacing)
            for kind in sorted(set(watched))
            if api
        }

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._reflectors.values():
                tasks.create_task(each.run())

    def take(self, kind: Kind, raw: bytes) -> None:
        """Take in an object that stands elsewhere than in an API server; raises MalformedObject."""
        self._stores[kind].apply(RESOURCES[kind].decode(msgspec.Raw(raw)))

    @property
    def unsynced(self) -> tuple[Kind, ...]:
        """What was not listed yet."""
        return tuple(kind for kind, each in self._reflectors.items() if not each.synced.is_set())

    @property
    def is_synced(self) -> bool:
        """Whether everything that is watched was listed once."""
        return not self.unsynced

    @property
    def ages(self) -> Mapping[str, float]:
        """How long ago the API server last told of each kind that is watched, in seconds; infinite before it did."""
        now = self._pacing.clock()
        return {kind.value: now - each.heard_at for kind, each in self._reflectors.items()}

    def served_path(self, kind: Kind) -> str:
        """Return where the API server was last found to have a kind; empty where it has it nowhere, and before."""
        return self._reflectors[kind].served_path

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
    def serving(self) -> ServingObjects:
        """OME's serving objects, each as far as it can be understood; the same value until something changes."""
        return self._serving.objects

    @property
    def serving_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What cannot be understood of serving objects, in sentences; `ServingRuntime ml/sglang` is such a key."""
        return self._serving.problems

    def allowances(self, namespace: str) -> Allowances:
        """Return what a namespace lets its pods ask for, as last seen."""
        return self._allowances.of(namespace)

    @property
    def queueing(self) -> Queueing:
        """Kueue's flavors and queues; the same value until something changes."""
        return self._queueing.queueing

    @property
    def queueing_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What cannot be understood of Kueue's objects, in sentences; `ResourceFlavor a100` is such a key."""
        return self._queueing.problems

    @property
    def supply(self) -> NodeSupply:
        """The autoscalers that can make nodes; the same value until something changes."""
        return self._supply.supply

    @property
    def supply_problems(self) -> Mapping[str, tuple[str, ...]]:
        """What cannot be understood of what autoscalers tell, in sentences; `NodePool gpu` is such a key."""
        return self._supply.problems

    @property
    def roster(self) -> Roster:
        """The pods that have their class; changes as they are seen."""
        return self._roster.roster

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
        if self._api is None:
            raise ApiError(UNREACHABLE, "Unreachable", "no API server is known")
        if not is_object_name(name):
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f"{name!r} is no name of a namespace")
        return decode_namespace(await self._api.get(f"{NAMESPACES_PATH}/{name}")).labels

    async def has_class(self, name: str) -> bool:
        """Tell whether the API server has a class of that name, valid or not; raises ApiError."""
        if self._api is None:
            raise ApiError(UNREACHABLE, "Unreachable", "no API server is known")
        if not is_object_name(name):
            return False
        try:
            await self._api.get(f"{CLASSES_PATH}/{name}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _use_classes(self) -> None:
        catalog = Catalog(dict(self._classes.values))
        if catalog != self._catalog:
            self._catalog = catalog
            before = self.account.inventory
            self.account.use(catalog)
            self._observer.on_catalog(catalog)
            for name in self.account.inventory.names_changed_since(before):
                self._observer.on_change(name)

    def _use_profiles(self) -> None:
        self._sorted_profiles = tuple(each for _, each in sorted(self._profiles.values.items()))


def _both(store: Sink[Any], beside: Sink[Any] | None) -> Sink[Any]:
    return Feed(store, beside) if beside else store

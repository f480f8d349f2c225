"""What is kept of OME's serving objects and of a namespace's allowances."""

from collections.abc import Callable, Mapping
from typing import Any

from cluster.custom_objects import Judged
from cluster.kinds import Kind
from cluster.serving_objects import base_model, inference_service, serving_runtime
from cluster.stores import CustomStore, PlacedStore
from placement.allowances import Allowances, LimitRange, Quota
from placement.asking.serving import Place, ServingObjects

_JUDGES: Mapping[Kind, Callable[[bytes], Judged[Any]]] = {
    Kind.RUNTIMES: serving_runtime,
    Kind.CLUSTER_RUNTIMES: serving_runtime,
    Kind.SERVICES: inference_service,
    Kind.MODELS: base_model,
    Kind.CLUSTER_MODELS: base_model,
}
# As users know these kinds.
_TITLES = {
    Kind.RUNTIMES: "ServingRuntime",
    Kind.CLUSTER_RUNTIMES: "ClusterServingRuntime",
    Kind.SERVICES: "InferenceService",
    Kind.MODELS: "BaseModel",
    Kind.CLUSTER_MODELS: "ClusterBaseModel",
}


class ServingStores:
    """One store for each kind of serving object, and the values of all together."""

    def __init__(self) -> None:
        self.by_kind = {kind: CustomStore(judge, self._forget) for kind, judge in _JUDGES.items()}
        self._objects: ServingObjects | None = None

    @property
    def objects(self) -> ServingObjects:
        """All of them; the same value until something changes."""
        if self._objects is None:
            self._objects = ServingObjects(
                self._placed(Kind.RUNTIMES, Kind.CLUSTER_RUNTIMES),
                self._placed(Kind.SERVICES),
                self._placed(Kind.MODELS, Kind.CLUSTER_MODELS),
                self.problems,
            )
        return self._objects

    @property
    def problems(self) -> Mapping[str, tuple[str, ...]]:
        """What is wrong with each that says something wrong, by its kind and key: `ServingRuntime ml/sglang`."""
        return {
            f"{_TITLES[kind]} {key}": problems
            for kind, store in self.by_kind.items()
            for key, problems in store.problems.items()
        }

    def _placed(self, *kinds: Kind) -> dict[Place, Any]:
        values = (value for kind in kinds for value in self.by_kind[kind].values.values())
        return {(each.namespace, each.name): each for each in values}

    def _forget(self) -> None:
        self._objects = None


class AllowanceStores:
    """The quotas and the limit ranges of all namespaces."""

    def __init__(self) -> None:
        self._quotas: PlacedStore[Quota] = PlacedStore()
        self._limit_ranges: PlacedStore[LimitRange] = PlacedStore()
        self.by_kind: Mapping[Kind, PlacedStore[Any]] = {
            Kind.QUOTAS: self._quotas,
            Kind.LIMIT_RANGES: self._limit_ranges,
        }

    def of(self, namespace: str) -> Allowances:
        """Return what a namespace lets its pods ask for."""
        return Allowances(self._quotas.of(namespace), self._limit_ranges.of(namespace))

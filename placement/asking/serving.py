"""OME's serving objects: the runtime, the InferenceService and the model behind a pod, and what each of them wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from placement import keys
from placement.asking.layers import NOTHING_SAID, Layer
from placement.pods import Pod
from placement.recognising.command_lines.options import UNKNOWN_GRAMMAR, flag_groups, is_flag
from placement.recognising.command_lines.words import Fields

# The component that every pod is which does not say otherwise.
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Written:
    """What an author wrote of one container: its command line, and its variables that have a value."""

    container: str
    command: Fields = ()
    args: Fields = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def flags(self) -> frozenset[Fields]:
        """Its flags, each with the words behind it: `--tp=4` is (`--tp=4`,), `--tp 4` is (`--tp`, `4`)."""
        return frozenset(group for group in flag_groups((*self.command, *self.args)) if is_flag(group[0]))


@dataclass(frozen=True, slots=True)
class Component:
    """One component: what is said of classes for it alone, and what its author wrote."""

    layer: Layer = NOTHING_SAID
    written: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """A ServingRuntime, or a ClusterServingRuntime (of no namespace); `components` are what it says of each alone."""

    name: str
    namespace: str = ""
    layer: Layer = NOTHING_SAID
    written: tuple[Written, ...] = ()
    components: Mapping[str, Component] = field(default_factory=dict)

    def of(self, component: str) -> "Runtime":
        """Return the runtime as the pods of one component have it."""
        own = self.components.get(component, Component())
        return Runtime(self.name, self.namespace, self.layer.then(own.layer), self.written + own.written)


_NO_COMPONENT = Component()


@dataclass(frozen=True, slots=True)
class InferenceService:
    """An InferenceService; `layer` is for its engine and decoder alike, `components` are by name."""

    name: str
    namespace: str
    layer: Layer = NOTHING_SAID
    components: Mapping[str, Component] = field(default_factory=dict)
    runtime: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A BaseModel, or a ClusterBaseModel (of no namespace): its size in billions of parameters, None where unknown."""

    name: str
    namespace: str = ""
    billions: float | None = None
    model_format: str = ""
    hub_id: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """The objects behind one pod, as far as they are known."""

    runtime: Runtime | None = None
    service: InferenceService | None = None
    component: Component = _NO_COMPONENT
    model: BaseModel | None = None

    @property
    def layer(self) -> Layer:
        """What the InferenceService says for the pod's component."""
        return self.service.layer.then(self.component.layer) if self.service else NOTHING_SAID

    @property
    def fixes_command(self) -> bool:
        """Whether the author of the InferenceService wrote the command, and so has all of it in hand."""
        return any(each.command for each in self.component.written)

    def runtime_flags(self, container: str) -> frozenset[Fields]:
        """Return the flags of a container that the runtime gives and the InferenceService does not."""
        users = {UNKNOWN_GRAMMAR.canonical(each[0]) for own in self.component.written for each in own.flags}
        given = (each for own in _of(self.runtime, container) for each in own.flags)
        return frozenset(each for each in given if UNKNOWN_GRAMMAR.canonical(each[0]) not in users)

    def runtime_env(self, container: str) -> Mapping[str, str]:
        """Return the variables of a container that the runtime gives and the InferenceService does not."""
        users = {name for own in self.component.written for name in own.env}
        given = (item for own in _of(self.runtime, container) for item in own.env.items())
        return {name: value for name, value in given if name not in users}


NO_SERVING = Serving()


def _of(runtime: Runtime | None, container: str) -> Iterable[Written]:
    return (each for each in (runtime.written if runtime else ()) if each.container == container)


# Namespace (empty for objects of the cluster) and name.
Place = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class ServingObjects:
    """The serving objects that a cluster has, by namespace and name.

    `problems` are sentences about what cannot be understood of one, by the source of its layer.
    """

    runtimes: Mapping[Place, Runtime] = field(default_factory=dict)
    services: Mapping[Place, InferenceService] = field(default_factory=dict)
    models: Mapping[Place, BaseModel] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def misunderstood(self, serving: Serving) -> tuple[str, ...]:
        """Return what is ignored of the objects behind a pod, because it cannot be understood."""
        layers = (each.layer.source for each in (serving.runtime, serving.service) if each)
        return tuple(f"{source}: {problem}" for source in layers for problem in self.problems.get(source, ()))

    def behind(self, pod: Pod) -> Serving:
        """Return what stands behind a pod.

        Found by labels and annotations that OME writes on its pods, of which `ome.io/serving-runtime` may stand on any
        pod, which then is an engine. An object of the pod's namespace comes before one of the cluster.
        """
        service = self.services.get((pod.namespace, pod.labels.get(keys.SERVICE, "")))
        runtime = pod.annotations.get(keys.RUNTIME) or pod.labels.get(keys.RUNTIME_LABEL)
        model = pod.annotations.get(keys.BASE_MODEL) or pod.labels.get(keys.BASE_MODEL_LABEL)
        component = pod.labels.get(keys.COMPONENT, "") if keys.SERVICE in pod.labels else ENGINE
        found = _nearest(self.runtimes, pod.namespace, runtime or (service.runtime if service else ""))
        return Serving(
            found.of(component) if found else None,
            service,
            service.components.get(component, Component()) if service else Component(),
            _nearest(self.models, pod.namespace, model or (service.model if service else "")),
        )


def _nearest(objects: Mapping[Place, T], namespace: str, name: str) -> T | None:
    return objects.get((namespace, name)) or objects.get(("", name))

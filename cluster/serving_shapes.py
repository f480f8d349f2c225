"""OME's serving objects ome.io/v1beta1 as JSON: the union of the proposal and of what OME landed.

Fields that nobody knows are ignored, and one that cannot be understood costs the object nothing else.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cluster.component_shapes import Components, PodContainers, RuntimeComponents, configurations
from cluster.configuration_shapes import ConfigurationShape, separated
from cluster.names import VariableName
from cluster.requirement_shapes import Constraints, Requirements
from cluster.selector_shapes import AcceleratorSelector
from cluster.selectors import Model
from placement.asking.class_requirements import ClassRequirements
from placement.asking.configurations import Configuration
from placement.asking.layers import Layer
from placement.asking.preferences import billions
from placement.asking.serving import BaseModel, InferenceService, Runtime
from placement.pods import EnvVar

_HUB = "hf://"
# More than any model runs on; what is larger was meant otherwise.
_MOST_DEVICES = 4096


def _billions(given: Any) -> float:
    return billions(str(given))


class _Metadata(Model):
    name: str
    namespace: str = ""

    def named(self, kind: str) -> str:
        """Return the object as users know it: `ServingRuntime ml/sglang`, `ClusterServingRuntime sglang`."""
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"Cluster{kind} {self.name}"


class _Named(Model):
    name: str = ""


class _Parallelism(Model):
    tensor_parallel_size: int = Field(0, ge=0, le=_MOST_DEVICES)
    pipeline_parallel_size: int = Field(0, ge=0, le=_MOST_DEVICES)

    @property
    def args(self) -> tuple[str, ...]:
        """The same as arguments, by the names that most engines know."""
        sizes = {"tensor": self.tensor_parallel_size, "pipeline": self.pipeline_parallel_size}
        return tuple(f"--{name}-parallel-size={size}" for name, size in sizes.items() if size)


class _OnClass(Model):
    tensor_parallelism_override: _Parallelism = _Parallelism()
    runtime_args_override: tuple[str, ...] = ()
    environment_override: dict[VariableName, str] = Field(default_factory=dict)

    def configuration(self, accelerator_class: str, model_format: str) -> Configuration:
        """Return the same as a domain value; the sizes come last and so win over arguments, as they do with OME."""
        variables = tuple(EnvVar(name, value) for name, value in sorted(self.environment_override.items()))
        args = (*separated(self.runtime_args_override), *self.tensor_parallelism_override.args)
        return Configuration(accelerator_class, variables, args, model_format=model_format)


class _ModelFormat(Model):
    name: str = ""
    model_format: _Named = _Named()
    accelerator_config: Mapping[str, _OnClass] = Field(default_factory=dict)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """What a pod gets on each class with a model of this format."""
        format_name = self.model_format.name or self.name
        return tuple(each.configuration(name, format_name) for name, each in self.accelerator_config.items())


class _RuntimeRequirements(Requirements, Constraints):
    accelerator_classes: tuple[str, ...] = ()

    def layer(self, source: str) -> Layer:
        """Return the same as a domain value."""
        landed = ClassRequirements(frozenset(self.accelerator_classes) or None)
        return Layer(
            source,
            self.class_requirements & landed & self.bounds,
            listed=self.supported_classes or self.accelerator_classes,
            preferred=self.preferred_classes,
            precision=self.precision,
            preferences=self.preferences,
        )


class _RuntimeSpec(RuntimeComponents, PodContainers):
    accelerator_requirements: _RuntimeRequirements = _RuntimeRequirements()
    accelerator_configurations: tuple[ConfigurationShape, ...] = ()
    supported_model_formats: tuple[_ModelFormat, ...] = ()

    def layer(self, source: str) -> Layer:
        """Return what it says of classes for every component."""
        by_format = tuple(each for known in self.supported_model_formats for each in known.configurations)
        listed = configurations(self.accelerator_configurations) + ((by_format,) if by_format else ())
        return self.accelerator_requirements.layer(source).then(Layer(source, configurations=listed))


class RuntimeShape(Model):
    """A ServingRuntime or ClusterServingRuntime; a disabled one still has pods."""

    metadata: _Metadata
    spec: _RuntimeSpec = _RuntimeSpec()

    @property
    def runtime(self) -> Runtime:
        """The same as a domain value."""
        source = self.metadata.named("ServingRuntime")
        spec, metadata = self.spec, self.metadata
        return Runtime(metadata.name, metadata.namespace, spec.layer(source), spec.written, spec.components(source))


class _ServiceSpec(Components):
    accelerator_selector: AcceleratorSelector = AcceleratorSelector()
    runtime: _Named = _Named()
    model: _Named = _Named()


class ServiceShape(Model):
    """An InferenceService."""

    metadata: _Metadata
    spec: _ServiceSpec = _ServiceSpec()

    @property
    def service(self) -> InferenceService:
        """The same as a domain value."""
        source = self.metadata.named("InferenceService")
        return InferenceService(
            self.metadata.name,
            self.metadata.namespace,
            self.spec.accelerator_selector.layer(source),
            self.spec.components(source),
            self.spec.runtime.name,
            self.spec.model.name,
        )


class _Storage(Model):
    storage_uri: str = ""

    @property
    def hub_id(self) -> str:
        """The model's id at its hub, without the revision; empty where it is stored elsewhere."""
        is_of_hub = self.storage_uri.startswith(_HUB)
        return self.storage_uri.removeprefix(_HUB).partition("@")[0] if is_of_hub else ""


class _ModelSpec(Model):
    size: Annotated[float, BeforeValidator(_billions)] | None = Field(None, alias="modelParameterSize")
    model_format: _Named = _Named()
    storage: _Storage = _Storage()


class ModelShape(Model):
    """A BaseModel or ClusterBaseModel."""

    metadata: _Metadata
    spec: _ModelSpec = _ModelSpec()

    @property
    def model(self) -> BaseModel:
        """The same as a domain value."""
        spec = self.spec
        return BaseModel(
            self.metadata.name, self.metadata.namespace, spec.size, spec.model_format.name, spec.storage.hub_id
        )

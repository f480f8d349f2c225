"""AcceleratorProfile berth.ome.io/v1alpha1 as JSON."""

from typing import Annotated, Self

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from cluster.class_shapes import ClassMetadata, DottedVersion, Figures, MemoryGib
from cluster.env_shapes import EnvVarShape
from cluster.resource_shapes import ResourcesShape
from cluster.selectors import Model, Selector
from placement.class_requirements import ClassRequirements
from placement.preferences import MAX_SCORE, Preference, SizeRange, size_range
from placement.profiles import Configuration, OnNoMatch, Profile
from placement.requirements import Spread
from placement.strategies import Strategy

SizeCondition = Annotated[SizeRange, BeforeValidator(size_range)]


class _RequiredCapabilities(Figures):
    """What a class must state; what is not judged is refused, because ignoring it would promise too much."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="forbid")

    memory_gib: MemoryGib = Field(0.0, alias="memoryGB")
    compute_capability: DottedVersion = Field(
        (), validation_alias=AliasChoices("computeCapability", "minComputeCapability")
    )
    features: frozenset[str] = Field(frozenset(), validation_alias=AliasChoices("features", "requiredFeatures"))


class _Condition(Model):
    model_size: SizeCondition | None = None
    request_size: str | None = None


class _Preference(Model):
    accelerator_class: str = Field(alias="class")
    score: int = Field(ge=0, le=MAX_SCORE)
    conditions: tuple[_Condition, ...] = ()

    @property
    def preference(self) -> Preference:
        """The same as a domain value."""
        sizes = tuple(each.model_size for each in self.conditions if each.model_size)
        unknowable = tuple(f"requestSize {each.request_size}" for each in self.conditions if each.request_size)
        return Preference(self.accelerator_class, self.score, sizes, unknowable)


class _Requirements(Model):
    supported_classes: frozenset[str] | None = None
    excluded_classes: frozenset[str] = frozenset()
    preferred_classes: tuple[str, ...] = ()
    architecture_families: frozenset[str] | None = None
    preference_order: tuple[_Preference, ...] = ()
    required_capabilities: _RequiredCapabilities = _RequiredCapabilities()


class _Runner(Model):
    args: tuple[str, ...] = ()
    env: tuple[EnvVarShape, ...] = ()


class _ClassName(Model):
    accelerator_class: str


class _Configuration(Model):
    selector: _ClassName
    env: tuple[EnvVarShape, ...] = ()
    resources: ResourcesShape = ResourcesShape()
    runner: _Runner = _Runner()

    @property
    def configuration(self) -> Configuration:
        """The same as a domain value; the runner's variables win over the configuration's of the same name."""
        variables = {each.name: each.variable for each in (*self.env, *self.runner.env)}
        return Configuration(
            self.selector.accelerator_class,
            tuple(variables.values()),
            self.runner.args,
            self.resources.requests,
            self.resources.limits,
        )


class _Spec(Model):
    pod_selector: Selector
    namespace_selector: Selector = Selector()
    containers: frozenset[str] = frozenset()
    on_no_match: OnNoMatch = OnNoMatch.ADMIT
    spread: Spread = Spread.NODE
    preferred_classes: tuple[str, ...] = ()
    strategy: Strategy = Strategy.BALANCED
    accelerator_requirements: _Requirements = _Requirements()
    accelerator_configurations: tuple[_Configuration, ...] = ()

    @model_validator(mode="after")
    def _must_configure_a_class_once(self) -> Self:
        names = [each.selector.accelerator_class for each in self.accelerator_configurations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"acceleratorConfigurations has two entries for {', '.join(twice)}: merge them into one")
        return self


class ProfileShape(Model):
    """An AcceleratorProfile."""

    metadata: ClassMetadata
    spec: _Spec

    @property
    def profile(self) -> Profile:
        """The same as a domain value."""
        spec = self.spec
        requirements = spec.accelerator_requirements
        configurations = (each.configuration for each in spec.accelerator_configurations)
        return Profile(
            self.metadata.name,
            spec.pod_selector.selector,
            spec.namespace_selector.selector,
            spec.containers,
            _class_requirements(requirements),
            spec.preferred_classes or requirements.preferred_classes,
            spec.strategy,
            tuple(each.preference for each in requirements.preference_order),
            {each.accelerator_class: each for each in configurations},
            spec.on_no_match,
            spec.spread,
        )


def _class_requirements(model: _Requirements) -> ClassRequirements:
    capabilities = model.required_capabilities
    return ClassRequirements(
        model.supported_classes,
        model.excluded_classes,
        capabilities.memory_gib,
        capabilities.compute_capability,
        capabilities.features,
        model.architecture_families,
        capabilities.figures,
    )

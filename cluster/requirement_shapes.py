"""What an accelerator must be, as JSON: the proposal's words and those that OME landed."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cluster.class_shapes import Amount, DottedVersion, Figures, MemoryGib
from cluster.selectors import Model
from placement.accelerators import Figure
from placement.asking.class_requirements import ClassRequirements
from placement.asking.preferences import MAX_SCORE, Preference, SizeRange, size_range

_PRECISIONS = {
    "fp32": Figure.FP32,
    "fp16": Figure.FP16,
    "fp8": Figure.FP8,
    "int8": Figure.INT8,
    "int4": Figure.INT4,
}


def _precision(given: Any) -> Figure:
    found = _PRECISIONS.get(str(given).lower())
    if found is None:
        raise ValueError(f"{given!r} is no precision with a known rate: write {', '.join(_PRECISIONS)}")
    return found


def _size_range(given: Any) -> SizeRange:
    return size_range(str(given))


SizeCondition = Annotated[SizeRange, BeforeValidator(_size_range)]
# A number above was meant in bytes, or in MiB.
PlausibleGib = Annotated[MemoryGib, Field(le=65_536)]
Precision = Annotated[Figure, BeforeValidator(_precision)]


class RequiredCapabilities(Figures):
    """What a class must state; what is not judged is refused, because ignoring it would promise too much."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="forbid")

    memory_gib: MemoryGib = Field(0.0, alias="memoryGB")
    compute_capability: DottedVersion = Field(
        (), validation_alias=AliasChoices("computeCapability", "minComputeCapability")
    )
    features: frozenset[str] = Field(frozenset(), validation_alias=AliasChoices("features", "requiredFeatures"))

    @property
    def class_requirements(self) -> ClassRequirements:
        """The same as a domain value."""
        return ClassRequirements(
            memory_gib=self.memory_gib,
            compute_capability=self.compute_capability,
            features=self.features,
            figures=self.figures,
        )


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


class Requirements(Model):
    """The proposal's acceleratorRequirements."""

    supported_classes: tuple[str, ...] = ()
    excluded_classes: frozenset[str] = frozenset()
    preferred_classes: tuple[str, ...] = ()
    architecture_families: frozenset[str] = frozenset()
    preference_order: tuple[_Preference, ...] = ()
    required_capabilities: RequiredCapabilities = RequiredCapabilities()

    @property
    def preferences(self) -> tuple[Preference, ...]:
        """The order of preference as domain values."""
        return tuple(each.preference for each in self.preference_order)

    @property
    def class_requirements(self) -> ClassRequirements:
        """What a class must be, as a domain value."""
        listed = ClassRequirements(
            frozenset(self.supported_classes) or None,
            self.excluded_classes,
            families=self.architecture_families or None,
        )
        return listed & self.required_capabilities.class_requirements


class Constraints(Model):
    """OME's constraints: memory in GiB, and the rate at the precision that comes first."""

    min_memory: PlausibleGib = 0.0
    max_memory: Annotated[PlausibleGib, Field(gt=0)] | None = None
    min_rate: Amount = Field(0.0, alias="minComputePerformanceTFLOPS")
    min_architecture_version: DottedVersion = ()
    required_features: frozenset[str] = frozenset()
    excluded_classes: frozenset[str] = frozenset()
    architecture_families: frozenset[str] = frozenset()
    preferred_precisions: tuple[Precision, ...] = ()

    @property
    def precision(self) -> Figure | None:
        """The rate by which performance is compared, where one is preferred."""
        return self.preferred_precisions[0] if self.preferred_precisions else None

    @property
    def bounds(self) -> ClassRequirements:
        """What a class must be, as a domain value."""
        return ClassRequirements(
            None,
            self.excluded_classes,
            self.min_memory,
            self.min_architecture_version,
            self.required_features,
            self.architecture_families or None,
            {self.precision or Figure.FP16: self.min_rate} if self.min_rate else {},
            max_memory_gib=self.max_memory,
        )

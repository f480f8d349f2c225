"""AcceleratorClass ome.io/v1beta1 as JSON: the union of both dialects, and Berth's own fields."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, model_validator

from cluster.names import ExtendedResource, LabelValue, TaintKey
from cluster.resource_shapes import count
from cluster.selector_texts import label_selector
from cluster.selectors import Discovery, Model
from placement.accelerators import (
    MAX_CLASS_NAME,
    AcceleratorClass,
    Capabilities,
    Cost,
    DeviceResource,
    Figure,
    Version,
    version,
)
from placement.keys import NAMESPACE_SELECTOR, SCALABLE_FROM_ZERO
from placement.label_selectors import EVERYTHING, LabelSelector
from placement.quantities import memory_gib, parse
from placement.taints import Toleration


def _memory_gib(given: Any) -> float:
    return memory_gib(str(given))


def _number(given: Any) -> float:
    return float(parse(str(given)))


def _version(given: Any) -> Version:
    return version(str(given))


def _stated_version(given: Any) -> Version | None:
    """Return a version, or None where it is a vendor's word for an architecture (gfx942), which has no order."""
    text = str(given).strip()
    return version(text) if text[:1].isdigit() else None


def _class_name(name: str) -> str:
    if len(name) > MAX_CLASS_NAME:
        raise ValueError(
            f"has {len(name)} characters: write at most {MAX_CLASS_NAME}, because it becomes a label value of pods"
        )
    return name


def _selector(given: Any) -> LabelSelector:
    return label_selector(str(given))


MemoryGib = Annotated[float, BeforeValidator(_memory_gib), Field(ge=0)]
Amount = Annotated[float, BeforeValidator(_number), Field(ge=0)]
Price = Amount
DottedVersion = Annotated[Version, BeforeValidator(_version)]
StatedVersion = Annotated[Version | None, BeforeValidator(_stated_version)]


class Performance(Model):
    """Peak rates; whatever else stands there says nothing about them."""

    fp32: Amount | None = Field(None, validation_alias=AliasChoices("fp32TFLOPS", "fp32Tflops"))
    fp16: Amount | None = Field(None, validation_alias=AliasChoices("fp16TFLOPS", "fp16Tflops"))
    fp8: Amount | None = Field(None, validation_alias=AliasChoices("fp8TFLOPS", "fp8Tflops"))
    int8: Amount | None = Field(None, validation_alias=AliasChoices("int8TOPS", "int8Tops"))
    int4: Amount | None = Field(None, validation_alias=AliasChoices("int4TOPS", "int4Tops"))


class ClassMetadata(Model):
    """Metadata of an object whose name pods carry as a label value."""

    name: Annotated[str, AfterValidator(_class_name)]


class _Annotations(Model):
    """What stands beside OME's definition, which has no field for it."""

    namespace_selector: Annotated[LabelSelector, BeforeValidator(_selector)] = Field(
        EVERYTHING, alias=NAMESPACE_SELECTOR
    )
    scalable_from_zero: bool = Field(default=False, alias=SCALABLE_FROM_ZERO)


class _Metadata(ClassMetadata):
    annotations: _Annotations = _Annotations()


class Figures(Model):
    """What is stated in numbers, in the spellings of both dialects."""

    memory_bandwidth: Amount | None = Field(None, alias="memoryBandwidthGBps")
    clock_speed: Amount | None = Field(None, alias="clockSpeedMHz")
    performance: Performance = Performance()

    @property
    def figures(self) -> dict[Figure, float]:
        """The same as a domain value; what is not stated is left out."""
        rates = self.performance
        stated = {
            Figure.BANDWIDTH: self.memory_bandwidth,
            Figure.CLOCK: self.clock_speed,
            Figure.FP32: rates.fp32,
            Figure.FP16: rates.fp16,
            Figure.FP8: rates.fp8,
            Figure.INT8: rates.int8,
            Figure.INT4: rates.int4,
        }
        return {figure: amount for figure, amount in stated.items() if amount is not None}


class _Capabilities(Figures):
    memory_gib: MemoryGib | None = Field(None, alias="memoryGB")
    compute_capability: StatedVersion = Field(
        None, validation_alias=AliasChoices("computeCapability", "minComputeCapability")
    )
    features: frozenset[str] = frozenset()


class _Resource(Model):
    name: ExtendedResource
    quantity: Annotated[int, BeforeValidator(count)] = 1
    divisible: bool = False


class _Toleration(Model):
    key: TaintKey = Field("", validate_default=True)
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None

    @model_validator(mode="after")
    def _must_hold_together(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise ValueError("has a value with operator Exists, which tolerates any value: remove it or write Equal")
        if self.toleration_seconds is not None and self.effect != "NoExecute":
            raise ValueError("has tolerationSeconds, which are for effect NoExecute alone: remove them or write it")
        return self


class _Cost(Model):
    per_hour: Price | None = None
    spot_per_hour: Price | None = None
    tier: str = ""


class _Integration(Model):
    kueue_resource_flavor: str = ""


class _Spec(Model):
    vendor: str = ""
    family: str = ""
    discovery: Discovery
    capabilities: _Capabilities = _Capabilities()
    resources: tuple[_Resource, ...] = ()
    tolerations: tuple[_Toleration, ...] = ()
    cost: _Cost = _Cost()
    integration: _Integration = _Integration()
    allowed_namespaces: frozenset[str] | None = None
    scalable_from_zero: bool = False

    @model_validator(mode="before")
    @classmethod
    def _selecting_nothing(cls, given: Any) -> Any:
        """Let a missing discovery be refused in the same words as an empty one."""
        return {**given, "discovery": given.get("discovery") or {}} if isinstance(given, dict) else given


class ClassShape(Model):
    """An AcceleratorClass."""

    metadata: _Metadata
    spec: _Spec

    @property
    def accelerator_class(self) -> AcceleratorClass:
        """The same as a domain value."""
        spec = self.spec
        capabilities = spec.capabilities
        return AcceleratorClass(
            self.metadata.name,
            spec.discovery.selection,
            spec.vendor,
            spec.family,
            Capabilities(
                capabilities.memory_gib, capabilities.compute_capability, capabilities.features, capabilities.figures
            ),
            tuple(DeviceResource(each.name, each.quantity, each.divisible) for each in spec.resources),
            tuple(_toleration(each) for each in spec.tolerations),
            Cost(spec.cost.per_hour, spec.cost.spot_per_hour, spec.cost.tier),
            spec.allowed_namespaces,
            spec.scalable_from_zero or self.metadata.annotations.scalable_from_zero,
            self.metadata.annotations.namespace_selector,
            spec.integration.kueue_resource_flavor,
        )


def _toleration(model: _Toleration) -> Toleration:
    return Toleration(model.key, model.operator, model.value, model.effect, model.toleration_seconds)

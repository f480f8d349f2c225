"""AcceleratorProfile berth.ome.io/v1alpha1 as JSON."""

from typing import Self

from pydantic import model_validator

from cluster.class_shapes import ClassMetadata
from cluster.configuration_shapes import ConfigurationShape
from cluster.requirement_shapes import Requirements
from cluster.selectors import Model, Selector
from placement.asking.profiles import OnNoMatch, Profile, Remedy
from placement.asking.strategies import Strategy
from placement.requirements import Spread


class _Spec(Model):
    pod_selector: Selector
    namespace_selector: Selector = Selector()
    containers: frozenset[str] = frozenset()
    on_no_match: OnNoMatch = OnNoMatch.ADMIT
    on_slipped: Remedy = Remedy.REPORT
    on_stuck: Remedy = Remedy.REPORT
    spread: Spread = Spread.NODE
    preferred_classes: tuple[str, ...] = ()
    strategy: Strategy | None = None
    accelerator_requirements: Requirements = Requirements()
    accelerator_configurations: tuple[ConfigurationShape, ...] = ()

    @model_validator(mode="after")
    def _must_configure_once(self) -> Self:
        selectors = [each.selector for each in self.accelerator_configurations]
        twice = sorted({str(each) for each in selectors if selectors.count(each) > 1})
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
        return Profile(
            self.metadata.name,
            spec.pod_selector.selector,
            spec.namespace_selector.selector,
            spec.containers,
            requirements.class_requirements,
            spec.preferred_classes or requirements.preferred_classes,
            spec.strategy,
            requirements.preferences,
            tuple(each.configuration for each in spec.accelerator_configurations),
            spec.on_no_match,
            spec.spread,
            requirements.supported_classes,
            spec.on_slipped,
            spec.on_stuck,
        )

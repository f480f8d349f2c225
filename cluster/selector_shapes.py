"""Which class a user wants for an InferenceService, as JSON: the proposal's words and those that OME landed."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cluster.class_shapes import Amount
from cluster.requirement_shapes import Constraints, RequiredCapabilities
from cluster.selectors import Labels, Model
from placement.asking.class_requirements import ClassRequirements
from placement.asking.layers import Layer
from placement.asking.strategies import Strategy, strategy
from placement.keys import COST_THRESHOLD, REQUESTED_CLASS
from placement.keys import STRATEGY as STRATEGY_ANNOTATION


def _strategy(given: Any) -> Strategy:
    return strategy(str(given))


AnyStrategy = Annotated[Strategy, BeforeValidator(_strategy)]


class _Annotations(Model):
    accelerator_class: str = Field("", alias=REQUESTED_CLASS)
    strategy: AnyStrategy | None = Field(None, alias=STRATEGY_ANNOTATION)
    cost_threshold: Amount | None = Field(None, alias=COST_THRESHOLD)


class AcceleratorSelector(Model):
    """An acceleratorSelector, or an acceleratorOverride of one component."""

    preferred_classes: tuple[str, ...] = ()
    required_capabilities: RequiredCapabilities = RequiredCapabilities()
    strategy: AnyStrategy | None = None
    node_selector: Labels = Field(default_factory=dict)
    annotations: _Annotations = _Annotations()
    accelerator_class: str = ""
    constraints: Constraints = Constraints()
    policy: AnyStrategy | None = None

    def layer(self, source: str) -> Layer:
        """Return the same as a domain value; annotations come before fields, as they do on a pod."""
        price = ClassRequirements(max_usd_per_hour=self.annotations.cost_threshold)
        return Layer(
            source,
            self.required_capabilities.class_requirements & self.constraints.bounds & price,
            self.annotations.accelerator_class or self.accelerator_class or None,
            preferred=self.preferred_classes,
            strategy=self.annotations.strategy or self.policy or self.strategy,
            precision=self.constraints.precision,
            node_labels=self.node_selector,
        )

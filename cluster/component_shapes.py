"""Engine and decoder as JSON, as a runtime configures them and as an InferenceService asks for them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from cluster.configuration_shapes import ConfigurationShape
from cluster.selector_shapes import AcceleratorSelector
from cluster.selectors import Model
from placement.asking.configurations import Configurations
from placement.asking.layers import Layer
from placement.asking.serving import Component, Written

# What OME calls the container that runs the model, where nobody names it.
RUNNER = "ome-container"


class _Variable(Model):
    name: str
    value: str = ""
    value_from: Any = None


class ContainerShape(Model):
    """A container, of which only the command line and the variables matter."""

    name: str = RUNNER
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[_Variable, ...] = ()

    @property
    def written(self) -> Written:
        """What its author wrote."""
        values = {each.name: each.value for each in self.env if each.value_from is None}
        return Written(self.name, self.command, self.args, values)


class PodContainers(Model):
    """The containers of pods that are alike."""

    runner: ContainerShape | None = None
    containers: tuple[ContainerShape, ...] = ()

    @property
    def written(self) -> tuple[Written, ...]:
        """What its author wrote, of the containers where that is something."""
        written = (each.written for each in (self.runner, *self.containers) if each)
        return tuple(each for each in written if each.command or each.args or each.env)


class ComponentShape(PodContainers):
    """An engine or decoder: one kind of pod, or leaders and workers."""

    leader: PodContainers = PodContainers()
    worker: PodContainers = PodContainers()
    accelerator_override: AcceleratorSelector = AcceleratorSelector()
    accelerator_configurations: tuple[ConfigurationShape, ...] = ()

    def component(self, source: str) -> Component:
        """Return the same as a domain value."""
        configured = Layer(source, configurations=configurations(self.accelerator_configurations))
        written = (*self.written, *self.leader.written, *self.worker.written)
        return Component(self.accelerator_override.layer(source).then(configured), written)


class Components(Model):
    """The components that may get an accelerator; a router never does."""

    engine: ComponentShape = ComponentShape()
    decoder: ComponentShape = ComponentShape()

    def components(self, source: str) -> Mapping[str, Component]:
        """Return those of which something is said, by the name that OME's pods bear."""
        named = {"engine": self.engine.component(source), "decoder": self.decoder.component(source)}
        return {name: each for name, each in named.items() if each.written or not each.layer.says_nothing}


class RuntimeComponents(Components):
    """The same, as a runtime spells it."""

    engine: ComponentShape = Field(ComponentShape(), alias="engineConfig")
    decoder: ComponentShape = Field(ComponentShape(), alias="decoderConfig")


def configurations(shapes: Iterable[ConfigurationShape]) -> Configurations:
    """Return what one author configures, as a layer has it."""
    listed = tuple(each.configuration for each in shapes)
    return (listed,) if listed else ()

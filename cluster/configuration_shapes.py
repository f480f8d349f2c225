"""What a pod gets on one class, as JSON: the proposal's acceleratorConfigurations."""

from cluster.env_shapes import EnvVarShape
from cluster.resource_shapes import ResourcesShape
from cluster.selectors import Model
from placement.configurations import Configuration


class _Runner(Model):
    args: tuple[str, ...] = ()
    env: tuple[EnvVarShape, ...] = ()


class _Conditions(Model):
    accelerator_class: str
    engine: str = ""
    model_format: str = ""

    def __str__(self) -> str:
        return ", ".join(each for each in (self.accelerator_class, self.engine, self.model_format) if each)


class ConfigurationShape(Model):
    """One of the acceleratorConfigurations."""

    selector: _Conditions
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
            self.selector.engine,
            self.selector.model_format,
        )

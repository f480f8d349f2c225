"""What a pod gets on one class, as JSON: the proposal's acceleratorConfigurations."""

import re
from collections.abc import Iterable

from cluster.env_shapes import EnvVarShape
from cluster.resource_shapes import ResourcesShape
from cluster.selectors import Model
from placement.asking.configurations import Configuration

_FLAG_AND_VALUE = re.compile(r"--?[^\s=]+\s+\S")


def separated(args: Iterable[str]) -> tuple[str, ...]:
    """Return arguments with a flag and its value in two words, where an author wrote them as one."""
    parts = (each.split(None, 1) if _FLAG_AND_VALUE.match(each) else [each] for each in args)
    return tuple(word for words in parts for word in words)


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
            separated(self.runner.args),
            self.resources.requests,
            self.resources.limits,
            self.selector.engine,
            self.selector.model_format,
        )

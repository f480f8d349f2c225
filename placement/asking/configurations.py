"""Configurations: what a pod gets on one class, where it may differ by engine and by model format."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce

from placement.pods import EnvVar
from placement.quantities import amount
from placement.recognising.command_lines.options import UNKNOWN_GRAMMAR, flag_groups, is_flag
from placement.recognising.command_lines.words import Fields

Quantities = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a pod gets on one class; requests and limits are quantities as their author wrote them.

    It is for every engine and every model format where `engine` and `model_format` are empty.
    """

    accelerator_class: str
    env: tuple[EnvVar, ...] = ()
    args: tuple[str, ...] = ()
    requests: Quantities = field(default_factory=dict)
    limits: Quantities = field(default_factory=dict)
    engine: str = ""
    model_format: str = ""

    @property
    def amounts(self) -> tuple[Quantities, Quantities]:
        """Requests and limits."""
        return self.requests, self.limits

    @property
    def specificity(self) -> int:
        """How many conditions it has beside the class."""
        return bool(self.engine) + bool(self.model_format)

    def suits(self, chosen: str, engine: str, model_format: str) -> bool:
        """Tell whether it is for a class, an engine and a model format; `vllm` is for `dynamo.vllm` too."""
        if self.accelerator_class != chosen:
            return False
        is_engine = self.engine in ("", engine, engine.rpartition(".")[2])
        return is_engine and self.model_format.lower() in ("", model_format.lower())

    def then(self, later: "Configuration") -> "Configuration":
        """Return both as one: the later's variables and flags win, of amounts the larger counts."""
        variables = {each.name: each for each in (*self.env, *later.env)}
        flags = {_flag(group): group for group in (*flag_groups(self.args), *flag_groups(later.args))}
        return Configuration(
            self.accelerator_class,
            tuple(variables.values()),
            tuple(word for group in flags.values() for word in group),
            _larger(self.requests, later.requests),
            _larger(self.limits, later.limits),
        )


# What one author configures, one list for each author of a layer.
Configurations = tuple[tuple[Configuration, ...], ...]


def configuration_for(configurations: Configurations, chosen: str, engine: str, model_format: str) -> Configuration:
    """Return what a pod gets on a class: of each author the most specific that suits, together."""
    suiting = (_most_specific(each, chosen, engine, model_format) for each in configurations)
    return reduce(Configuration.then, (each for each in suiting if each), Configuration(chosen))


def _most_specific(
    listed: Iterable[Configuration], chosen: str, engine: str, model_format: str
) -> Configuration | None:
    suiting = (each for each in listed if each.suits(chosen, engine, model_format))
    return max(suiting, key=lambda each: each.specificity, default=None)


def _flag(group: Fields) -> Fields | str:
    """Return what a flag means, or the words themselves where they are none."""
    return UNKNOWN_GRAMMAR.canonical(group[0]) if is_flag(group[0]) else group


def _larger(mine: Quantities, others: Quantities) -> Quantities:
    joint = {
        name: max(mine[name], text, key=partial(amount, name)) if name in mine else text
        for name, text in others.items()
    }
    return {**mine, **joint}

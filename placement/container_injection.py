"""What a class and its configuration add to one container; what its author wrote stays."""

from collections.abc import Iterable, Mapping

from placement.accelerators import AcceleratorClass
from placement.command_lines.engine_commands import engine_command, opens_shell
from placement.command_lines.flags import canonical, given_flags
from placement.command_lines.options import flag_groups, is_flag
from placement.mutations import ContainerMutation, EnvAddition
from placement.pods import Container, EnvVar
from placement.profiles import Configuration
from placement.quantities import amount, is_extended


def container_mutation(
    container: Container, chosen: AcceleratorClass, configuration: Configuration, *, counts_are_open: bool
) -> ContainerMutation:
    """Return what is added to a container that runs the model.

    Resources stay as they are where devices come from claims, or where the pod's parent has fixed the counts already.
    """
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    if counts_are_open and not container.claims_devices:
        limits, requests = _resources(container, chosen, configuration)
    return ContainerMutation(
        container.name,
        _env_additions(container.env, configuration.env),
        missing_args(container, configuration.args) if takes_args(container) else (),
        requests=requests,
        limits=limits,
    )


def takes_args(container: Container) -> bool:
    """Tell whether arguments behind the container's own reach the engine.

    They do behind an image's entrypoint and behind a known engine's command, not behind a shell script; behind an
    unknown command nobody knows what they would mean.
    """
    return not opens_shell(container) and (not container.command or engine_command(container).serves_model)


def missing_args(container: Container, args: Iterable[str]) -> tuple[str, ...]:
    """Return the flags with their values that the author did not give under any name."""
    given = given_flags(container)
    words = {*container.command, *container.args}
    groups = (group for group in flag_groups(args) if not _is_given(container, group[0], given, words))
    return tuple(word for group in groups for word in group)


def _is_given(container: Container, word: str, given: frozenset[str], words: set[str]) -> bool:
    return canonical(word, container) in given if is_flag(word) else word in words


def _env_additions(present: tuple[EnvVar, ...], wanted: tuple[EnvVar, ...]) -> tuple[EnvAddition, ...]:
    """Place each missing variable before its first use, because `$(NAME)` only sees what stands above it."""
    names = [each.name for each in present]
    values = [each.value or "" for each in present]
    additions = []
    for each in wanted:
        if each.name not in names:
            position = next((i for i, value in enumerate(values) if f"$({each.name})" in value), len(names))
            additions.append(EnvAddition(position, each))
            names.insert(position, each.name)
            values.insert(position, each.value or "")
    return tuple(additions)


def _resources(
    container: Container, chosen: AcceleratorClass, configuration: Configuration
) -> tuple[dict[str, str], dict[str, str]]:
    """Return limits and requests to write: the larger of container and configuration for each name."""
    limits = _larger(container.limits, configuration.limits)
    requests = _larger({**container.limits, **container.requests}, configuration.requests)
    devices = _devices(container, chosen, configuration)
    limits |= {name: count for name, count in devices.items() if container.limits.get(name) != count}
    requests |= {name: count for name, count in devices.items() if container.requests.get(name) != count}
    return limits | _raised(container, limits, requests), requests


def _devices(container: Container, chosen: AcceleratorClass, configuration: Configuration) -> dict[str, str]:
    """Return the extended resources as they must stand in requests and limits alike: the most that anybody asks.

    A class's resources are alternatives: the first whole one is used, and only where nobody asks for any of them.
    """
    lists = (container.requests, container.limits, configuration.requests, configuration.limits)
    asked = {name: _most(name, lists) for each in lists for name in each if is_extended(name)}
    if chosen.resources and chosen.resource_names.isdisjoint(asked):
        whole = next((each for each in chosen.resources if not each.divisible), chosen.resources[0])
        asked[whole.name] = str(whole.quantity)
    return dict(sorted(asked.items()))


def _most(name: str, lists: Iterable[Mapping[str, str]]) -> str:
    return max((each[name] for each in lists if name in each), key=lambda text: amount(name, text))


def _larger(present: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text
        for name, text in wanted.items()
        if name not in present or amount(name, text) > amount(name, present[name])
    }


def _raised(container: Container, limits: Mapping[str, str], requests: Mapping[str, str]) -> dict[str, str]:
    """Return the limits that requests push up: the API server refuses a request above its limit."""
    standing = {**container.limits, **limits}
    return _larger(
        standing, {name: text for name, text in {**container.requests, **requests}.items() if name in standing}
    )

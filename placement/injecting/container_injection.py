"""What a class and its configuration add to one container; what its author wrote stays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from placement.accelerators import AcceleratorClass
from placement.asking.configurations import Configuration
from placement.asking.serving import NO_SERVING, Serving
from placement.devices import is_device
from placement.injecting.arguments import NO_ARGUMENTS, Arguments, arguments
from placement.mutations import ContainerMutation, EnvAddition
from placement.pods import Container, EnvVar
from placement.quantities import amount, is_extended
from placement.recognising.command_lines.engine_commands import engine_command


@dataclass(frozen=True, slots=True)
class Latitude:
    """What may change on a container, beside what is only added.

    `counts`: its devices, which its pod's parent has not counted already. `process`: its arguments and environment,
    which no checkpoint has fixed. `args`: its arguments. `count_variables` follow the devices of all `group_size` pods.
    """

    counts: bool = True
    process: bool = True
    args: bool = True
    count_variables: frozenset[str] = frozenset()
    group_size: int = 1


WIDE = Latitude()


def container_mutation(
    container: Container,
    chosen: AcceleratorClass,
    configuration: Configuration,
    latitude: Latitude = WIDE,
    serving: Serving = NO_SERVING,
) -> ContainerMutation:
    """Return what is added to a container that runs the model.

    Resources stay as they are where devices come from claims, or where the pod's parent has fixed the counts already.
    """
    limits, requests = added_resources(container, chosen, configuration, latitude, serving)
    if not latitude.process:
        return ContainerMutation(container.name, requests=requests, limits=limits)
    passed = _arguments(container, configuration, latitude, serving)
    wanted = (*configuration.env, *passed.variables)
    recounted = _recounted(container, {**container.limits, **limits}, chosen, latitude)
    return ContainerMutation(
        container.name,
        env_additions(container.env, wanted),
        passed.appended,
        requests=requests,
        limits=limits,
        replaced_env=_replaced(container, recounted | _outranked(container, wanted, serving)),
        rewritten_command=passed.command,
        rewritten_args=passed.args,
        lost=passed.lost,
    )


def _replaced(container: Container, values: Mapping[str, str]) -> tuple[EnvAddition, ...]:
    """Return the variables that get new values, each in its place."""
    return tuple(
        EnvAddition(position, EnvVar(each.name, values[each.name]))
        for position, each in enumerate(container.env)
        if each.name in values
    )


def _outranked(container: Container, wanted: Iterable[EnvVar], serving: Serving) -> dict[str, str]:
    """Return new values of variables that stand as the container's runtime gave them: a class comes before that."""
    runtimes = serving.runtime_env(container.name)
    values = {each.name: each.value for each in wanted if each.value is not None}
    standing = (each for each in container.env if each.value is not None and each.name in values)
    return {
        each.name: values[each.name] or ""
        for each in standing
        if runtimes.get(each.name) == each.value != values[each.name]
    }


def _recounted(
    container: Container, limits: Mapping[str, str], chosen: AcceleratorClass, latitude: Latitude
) -> dict[str, str]:
    """Return new values of variables that are the count of devices, where that changes.

    Such a variable is known by its name and by its value, which is the count so far times the pods of the group.
    """
    before, after = (_device_count(each, chosen) * latitude.group_size for each in (container.limits, limits))
    counted = (each.name for each in container.env if each.value == str(before))
    return {name: str(after) for name in counted if name in latitude.count_variables and before != after}


def _device_count(limits: Mapping[str, str], chosen: AcceleratorClass) -> int:
    counted = ((name, text) for name, text in limits.items() if name in chosen.resource_names or is_device(name))
    return sum(amount(name, text) for name, text in counted)


def env_additions(present: tuple[EnvVar, ...], wanted: tuple[EnvVar, ...]) -> tuple[EnvAddition, ...]:
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


def added_resources(
    container: Container,
    chosen: AcceleratorClass,
    configuration: Configuration,
    latitude: Latitude = WIDE,
    serving: Serving = NO_SERVING,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return limits and requests to write: the larger of container and configuration for each name.

    Where neither asks for a device, the class's are added: one, or as many as the engine splits its model over.
    """
    if not latitude.counts or container.claims_devices:
        return {}, {}
    devices = _devices(container, configuration)
    if not any(name in chosen.resource_names or is_device(name) for name in devices):
        devices |= _usual(chosen, _split(container, configuration, latitude, serving))
    limits = _larger(container.limits, configuration.limits)
    requests = _larger({**container.limits, **container.requests}, configuration.requests)
    limits |= {name: count for name, count in devices.items() if container.limits.get(name) != count}
    requests |= {name: count for name, count in devices.items() if container.requests.get(name) != count}
    return limits | _raised(container, limits, requests), requests


def _devices(container: Container, configuration: Configuration) -> dict[str, str]:
    """Return the extended resources as they must stand in requests and limits alike: the most that anybody asks."""
    lists = (container.requests, container.limits, configuration.requests, configuration.limits)
    return {name: _most(name, lists) for name in sorted({*chain(*lists)}) if is_extended(name)}


def _usual(chosen: AcceleratorClass, split: int) -> dict[str, str]:
    """Return the first whole one of a class's resources, which are alternatives; parts of a device are never split."""
    whole = next((each for each in chosen.resources if not each.divisible), None)
    part = next(iter(chosen.resources), None)
    if whole:
        return {whole.name: str(whole.quantity * split)}
    return {part.name: str(part.quantity)} if part else {}


def _split(container: Container, configuration: Configuration, latitude: Latitude, serving: Serving) -> int:
    """Return over how many devices the engine splits its model once it has the configuration's arguments."""
    passed = _arguments(container, configuration, latitude, serving)
    command, args = passed.command or container.command, passed.args or container.args
    return engine_command(replace(container, command=command, args=(*args, *passed.appended))).devices or 1


def _arguments(container: Container, configuration: Configuration, latitude: Latitude, serving: Serving) -> Arguments:
    if not (latitude.args and latitude.process):
        return NO_ARGUMENTS
    return arguments(container, configuration.args, serving.runtime_flags(container.name))


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

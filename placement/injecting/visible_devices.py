"""Which devices a container with shares sees: a variable that its container runtime reads, out of the annotation."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from placement.injecting.container_injection import env_additions
from placement.keys import DEVICES
from placement.mutations import ContainerMutation, Mutation
from placement.pods import Container, EnvVar, Pod
from placement.quantities import amount
from placement.shares import SHARES

# What the container runtimes of vendors read: NVIDIA Container Toolkit, AMD Container Toolkit.
VARIABLES = {"nvidia": "NVIDIA_VISIBLE_DEVICES", "amd": "AMD_VISIBLE_DEVICES"}
ANY_VENDOR = "BERTH_DEVICES"
_FIELD = f"metadata.annotations['{DEVICES}']"


def with_visible_devices(pod: Pod, changes: Mutation, vendors: Iterable[str]) -> Mutation:
    """Return the changes, and for each container that asks for shares a variable with the numbers of its devices.

    It is the one that the container runtime of the only vendor reads, or else `BERTH_DEVICES`.
    """
    name = _variable(vendors)
    changed = {each.container: each for each in changes.containers}
    for container in pod.containers:
        change = changed.get(container.name, ContainerMutation(container.name))
        if _asks_for_shares(container, change):
            changed[container.name] = _showing(container, change, name)
    return replace(changes, containers=tuple(each for each in changed.values() if not each.is_empty))


def hidden_devices(pod: Pod, vendors: Iterable[str]) -> tuple[str, ...]:
    """Return a warning for each container that would see other devices than it has shares of."""
    name = _variable(vendors)
    return tuple(
        f"container {each.name} sets {name} itself, and may see devices that it has no share of: remove the variable"
        for each in pod.containers
        if _asks_for_shares(each, ContainerMutation(each.name))
        and any(own.name == name and own.field != _FIELD for own in each.env)
    )


def _variable(vendors: Iterable[str]) -> str:
    names = {VARIABLES.get(each.lower(), ANY_VENDOR) for each in vendors}
    return names.pop() if len(names) == 1 else ANY_VENDOR


def _asks_for_shares(container: Container, change: ContainerMutation) -> bool:
    asked = {**container.limits, **change.limits, **container.requests, **change.requests}
    return amount(SHARES, asked.get(SHARES, "0")) > 0


def _showing(container: Container, change: ContainerMutation, name: str) -> ContainerMutation:
    reference: Mapping[str, Mapping[str, str]] = {"fieldRef": {"fieldPath": _FIELD}}
    present = list(container.env)
    for each in change.env:
        present.insert(each.position, each.variable)
    added = env_additions(tuple(present), (EnvVar(name, reference=reference, field=_FIELD),))
    return replace(change, env=(*change.env, *added))

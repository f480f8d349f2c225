"""Which containers of a pod run the model: found by evidence, never by position."""

import re
from collections.abc import Iterable

from placement.accelerators import Catalog
from placement.devices import is_device, is_part_of_device, is_whole_device
from placement.keys import CONTAINER
from placement.pods import Container, Pod
from placement.recognising.command_lines.engine_commands import engine_command
from placement.recognising.platforms import BYSTANDERS, counts_are_fixed, is_follower, platforms_of, runs_no_model

# Builds that say they are for CPUs, and servers that only pretend to run a model.
_WITHOUT_MODEL = re.compile(r"-cpu\b|[:/]cpu\b|-xeon\b|inference-sim\b|-simulator\b|[-/]mock(?:er)?\b")
# Builds for CPUs that do not say so: those for accelerators carry a further word in their tag.
_PLAIN_BUILDS = re.compile(r"/llama\.cpp:(?:server|full|light)(?:-b\d+)?$|/huggingfaceserver(?::(?![^/@]*gpu)[^/@]*)?$")


def engine_containers(pod: Pod, catalog: Catalog, named: frozenset[str], *, is_meant: bool) -> tuple[Container, ...]:
    """Return the containers that run the model.

    Evidence in falling order: named by the pod's annotation or by `named` (a profile's containers); asks for an
    accelerator; runs a known engine; lends its devices to a leader that the pod's platform tells; has the name that the
    platform gives to engines; is the only one that may, of a pod whose author asked for a class (`is_meant`).
    """
    by_name = _names(pod) or named
    if by_name:
        return tuple(each for each in pod.containers if each.name in by_name)
    if runs_no_model(pod):
        return ()
    able = tuple(each for each in _without_bystanders(pod) if not _WITHOUT_MODEL.search(each.image))
    asking = tuple(each for each in able if asks_for_accelerator(each, catalog))
    if asking:
        return tuple(each for each in asking if not engine_command(each).is_idle)
    able = tuple(each for each in able if not runs_on_cpu(each) and not engine_command(each).is_idle)
    return (
        tuple(each for each in able if engine_command(each).serves_model)
        or tuple(each for each in able if _may_lend(pod) and engine_command(each).engine)
        or tuple(each for each in able if _is_named_as_engine(pod, each))
        or (able if is_meant and len(able) == 1 else ())
    )


def asks_for_accelerator(container: Container, catalog: Catalog) -> bool:
    """Tell whether a container asks for devices or parts of them, by a resource or by a claim."""
    return whole_devices((container,), catalog) != 0


def whole_devices(containers: Iterable[Container], catalog: Catalog) -> int | None:
    """Return how many whole accelerators containers ask for, or None where they ask for parts or shares.

    Claims count as nothing beside a number of devices: they may be for a network card or a domain of links.
    """
    total, claims = 0, False
    for each in containers:
        counts = [_whole(name, count, catalog) for name, count in each.asked.items() if count > 0]
        if None in counts:
            return None
        total += sum(filter(None, counts))
        claims = claims or each.claims_devices
    return None if claims and not total else total


def _whole(resource: str, count: int, catalog: Catalog) -> int | None:
    """Return the whole devices that so much of a resource is: 0 where it is none, None where it is made of parts."""
    if "/" not in resource:
        return 0
    if is_whole_device(resource):
        return count
    known = [device for each in catalog.classes.values() for device in each.resources if device.name == resource]
    if is_part_of_device(resource) or any(device.divisible for device in known):
        return None
    return count if known else 0


def runs_on_cpu(container: Container) -> bool:
    """Tell whether it needs no accelerator: a build for CPUs, a simulator, or an author who asks for 0 of them."""
    declined = any(is_device(name) and count == 0 for name, count in container.asked.items())
    return declined or any(pattern.search(container.image) for pattern in (_WITHOUT_MODEL, _PLAIN_BUILDS))


def misnamed_containers(pod: Pod) -> tuple[str, ...]:
    """Return a warning where the pod's annotation names containers that it does not have."""
    present = [each.name for each in pod.containers]
    missing = sorted(_names(pod).difference(present))
    return (
        (f"annotation {CONTAINER}: there is no container {', '.join(missing)}, but {', '.join(present)}",)
        if missing
        else ()
    )


def _without_bystanders(pod: Pod) -> tuple[Container, ...]:
    beside = BYSTANDERS.union(*(each.bystanders for each in platforms_of(pod)))
    return tuple(each for each in pod.containers if each.name not in beside)


def _may_lend(pod: Pod) -> bool:
    """Tell whether a pod that asks for no device may yet be given one for its leader's engine."""
    return is_follower(pod) and not counts_are_fixed(pod)


def _is_named_as_engine(pod: Pod, container: Container) -> bool:
    return any(container.name in each.engines for each in platforms_of(pod))


def _names(pod: Pod) -> frozenset[str]:
    listed = pod.annotations.get(CONTAINER, "")
    return frozenset(name.strip() for name in listed.split(",") if name.strip())

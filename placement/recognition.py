"""Which containers of a pod run the model: found by evidence, never by position."""

import re

from placement.accelerators import Catalog
from placement.command_lines.engine_commands import engine_command
from placement.keys import CONTAINER
from placement.platforms import BYSTANDERS, platforms_of, runs_no_model
from placement.pods import Container, Pod

# Builds that say they are for CPUs, and servers that only pretend to run a model.
_WITHOUT_MODEL = re.compile(r"-cpu\b|[:/]cpu\b|inference-sim\b|-simulator\b")
# Builds for CPUs that do not say so: those for accelerators carry a further word in their tag.
_PLAIN_BUILDS = re.compile(r"/llama\.cpp:(?:server|full|light)(?:-b\d+)?$|/huggingfaceserver(?::(?![^/@]*gpu)[^/@]*)?$")


def engine_containers(pod: Pod, catalog: Catalog, named: frozenset[str], *, is_meant: bool) -> tuple[Container, ...]:
    """Return the containers that run the model.

    Evidence in falling order: named by the pod's annotation or by `named` (a profile's containers); asks for an
    accelerator; runs a known engine; has the name that the pod's platform gives to engines; is the only one that may,
    of a pod whose author asked for a class (`is_meant`).
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
    able = tuple(each for each in able if not runs_on_cpu(each))
    return (
        tuple(each for each in able if engine_command(each).serves_model)
        or tuple(each for each in able if _is_named_as_engine(pod, each))
        or (able if is_meant and len(able) == 1 else ())
    )


def asks_for_accelerator(container: Container, catalog: Catalog) -> bool:
    """Tell whether a container asks for devices, by a resource that some class knows or by a claim."""
    return container.claims_devices or bool(catalog.accelerators(container.asked))


def runs_on_cpu(container: Container) -> bool:
    """Tell whether the image is one that needs no accelerator: a build for CPUs or a simulator."""
    return any(pattern.search(container.image) for pattern in (_WITHOUT_MODEL, _PLAIN_BUILDS))


def _without_bystanders(pod: Pod) -> tuple[Container, ...]:
    beside = BYSTANDERS.union(*(each.bystanders for each in platforms_of(pod)))
    return tuple(each for each in pod.containers if each.name not in beside)


def _is_named_as_engine(pod: Pod, container: Container) -> bool:
    return any(container.name in each.engines for each in platforms_of(pod))


def _names(pod: Pod) -> frozenset[str]:
    listed = pod.annotations.get(CONTAINER, "")
    return frozenset(name.strip() for name in listed.split(",") if name.strip())

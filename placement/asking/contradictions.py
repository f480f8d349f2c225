"""What no class can meet because of how it was asked: layers that exclude each other, names that nothing has."""

from collections.abc import Iterator
from difflib import get_close_matches

from placement.accelerators import Catalog
from placement.asking.class_requests import ClassRequest


def contradictions(asked: ClassRequest, catalog: Catalog) -> tuple[str, ...]:
    """Return sentences that name who says what cannot be met, and what to write."""
    return (*_found(asked), *unknown_names(asked, catalog))


def _found(asked: ClassRequest) -> Iterator[str]:
    requirements, source = asked.requirements, asked.source
    if requirements.supported is not None and not requirements.supported:
        yield f"{source}: no class is among the supported classes of all of them"
    if requirements.families is not None and not requirements.families:
        yield f"{source}: no architecture family is allowed by all of them"
    least, most = requirements.memory_gib, requirements.max_memory_gib
    if most is not None and least > most:
        yield f"{source}: at least {least:g} GiB of memory and at most {most:g} GiB exclude each other"
    both = sorted((requirements.supported or frozenset()) & requirements.excluded)
    if both:
        yield f"{source}: {', '.join(both)} is supported and excluded"


def unknown_names(asked: ClassRequest, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each class that is named and that the cluster lacks, with the nearest that it has."""
    layer = asked.layer
    preferences = (each.accelerator_class for each in layer.preferences)
    named = {*layer.preferred, *(layer.requirements.supported or ()), *preferences}
    known = sorted(catalog.classes)
    for name in sorted(named - catalog.classes.keys()):
        near = get_close_matches(name, known, 1)
        yield f"{asked.source} names class {name}, which this cluster does not have" + (
            f" (did you mean {near[0]}?)" if near else ""
        )

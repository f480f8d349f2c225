"""Amounts of resources in classes and profiles: what the API server accepts in a container."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cluster.names import is_extended_resource
from cluster.selectors import Model
from placement.quantities import parse

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"

# The API server looks at thousandths to tell whether a number is whole, and they must fit into 64 bits.
_MOST = (2**63 - 1) // 1000


def count(given: Any) -> int:
    """Return how many devices are meant, at least 1; raises ValueError."""
    number = _whole(str(given))
    if not number:
        raise ValueError(f"{given!r} is no whole number of at least 1: Kubernetes divides no extended resource")
    return number


def _whole(text: str) -> int | None:
    """Return a whole number of at least 0, or None where it is not one."""
    number = parse(text)
    return int(number) if 0 <= number <= _MOST and number == int(number) else None


def _quantity(given: Any) -> str:
    text = str(given)
    if parse(text) < 0:
        raise ValueError(f"{text!r} is below zero: write an amount of at least 0")
    return text


def _accepted(quantities: dict[str, str]) -> dict[str, str]:
    problems = [problem for name, text in quantities.items() for problem in _problems(name, text)]
    if problems:
        raise ValueError("; ".join(problems))
    return quantities


def _problems(name: str, text: str) -> Iterator[str]:
    if name.startswith(_HUGE_PAGES):
        yield from _page_problems(name, text)
    elif is_extended_resource(name):
        if _whole(text) is None:
            yield f"{text!r} of {name} is no whole number: write one, because Kubernetes divides no extended resource"
    elif name not in _STANDARD:
        yield (
            f"{name!r} is no resource of a container: write {', '.join(_STANDARD)}, hugepages- with a size of pages, "
            "or an extended resource with its domain, which is not kubernetes.io, like nvidia.com/gpu"
        )


def _page_problems(name: str, text: str) -> Iterator[str]:
    size = name.removeprefix(_HUGE_PAGES)
    try:
        page_bytes = _whole(size)
    except ValueError:
        page_bytes = None
    if not page_bytes:
        yield f"{name!r} has no size of pages: write one, like hugepages-2Mi"
        return
    amount_bytes = _whole(text)
    if amount_bytes is None or amount_bytes % page_bytes:
        yield f"{text!r} of {name} is no whole number of pages: write a multiple of {size}"


Quantities = Annotated[dict[str, Annotated[str, BeforeValidator(_quantity)]], AfterValidator(_accepted)]


class ResourcesShape(Model):
    """What a container asks for."""

    requests: Quantities = Field(default_factory=dict)
    limits: Quantities = Field(default_factory=dict)

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        """Refuse requests above their limits, and huge pages alone, as the API server does."""
        above = [name for name, text in self.requests.items() if parse(text) > parse(self.limits.get(name, text))]
        if above:
            raise ValueError(f"requests more {', '.join(above)} than its limit: write a limit of at least the request")
        names = {*self.requests, *self.limits}
        if any(name.startswith(_HUGE_PAGES) for name in names) and names.isdisjoint(("cpu", "memory")):
            raise ValueError(
                "has huge pages alone: write cpu or memory beside them, because Kubernetes wants one of them"
            )
        return self

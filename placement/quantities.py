"""Kubernetes resource quantities as integers.

The grammar is that of k8s.io/apimachinery/pkg/api/resource: a decimal number with an optional decimal
(n u m k M G T P E), binary (Ki Mi Gi Ti Pi Ei) or exponent (e3, E3) suffix.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

GIB = 2**30
CPU = "cpu"
MEMORY = "memory"

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter + "i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_QUANTITY = re.compile(rf"({_NUMBER})(?:[eE]([+-]?[0-9]{{1,2}})|([numkMGTPE]|[KMGTPE]i)?)")
# No amount of anything needs more, and arithmetic on a million digits takes a second.
_MAX_CHARACTERS = 64


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """Return the exact value of a quantity; raises ValueError that shows the text."""
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        raise ValueError(
            f"{text[:_MAX_CHARACTERS]!r} is no quantity: write a number with an optional suffix, like 4, 500m or 16Gi"
        )
    number, exponent, suffix = match.groups()
    scale = Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""]
    return Decimal(number) * scale


@lru_cache(maxsize=4096)
def amount(resource: str, text: str) -> int:
    """Return a resource's amount as an integer, rounded up: milli for cpu, bytes for memory, units for all others."""
    value = parse(text) * 1000 if resource == CPU else parse(text)
    return int(value.to_integral_value(ROUND_CEILING))


def is_extended(resource: str) -> bool:
    """Tell whether Kubernetes wants requests and limits of a resource to be equal: extended ones and huge pages."""
    return "/" in resource or resource.startswith("hugepages-")


def amounts(quantities: Mapping[str, str]) -> dict[str, int]:
    """Return the amount of each resource of a resource list."""
    return {name: amount(name, text) for name, text in quantities.items()}


def memory_gib(text: str) -> float:
    """Return a memory size in GiB; a bare number counts GiB, as authors of AcceleratorClasses mean it."""
    value = parse(text)
    return float(value if text.strip().replace(".", "", 1).isdigit() else value / GIB)

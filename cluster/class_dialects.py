"""What is said of a class, in the words that the definition which is installed knows.

The API server drops what a definition does not know, so that nothing would tell it from what somebody removed.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_TERMS = "spec.discovery.nodeSelectorTerms"

# Berth's definition has the proposal's spellings, OME's its own, which take whole numbers.
_RATES = {
    "fp32TFLOPS": "fp32Tflops",
    "fp16TFLOPS": "fp16Tflops",
    "int8TOPS": "int8Tops",
    "int4TOPS": "int4Tops",
}


def known_part(spec: Json, lacks: Collection[str]) -> Json:
    """Return a class's spec without the fields that a definition lacks, said otherwise where that is possible."""
    # OME's definition requires it.
    spec = {"capabilities": {}, **spec}
    if _TERMS in lacks:
        spec = _with_affinity(spec)
    spec = _with_rates_of_ome(spec, lacks)
    for place in lacks:
        spec = _without({"spec": spec}, place.split("."))["spec"]
    return spec


def _with_affinity(spec: Json) -> Json:
    terms = spec["discovery"].get("nodeSelectorTerms")
    if not terms:
        return spec
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {**spec, "discovery": {**spec["discovery"], "affinity": {"nodeAffinity": required}}}


def _with_rates_of_ome(spec: Json, lacks: Collection[str]) -> Json:
    capabilities: Mapping[str, Any] = spec.get("capabilities") or {}
    rates = capabilities.get("performance")
    if not rates:
        return spec
    missing = {mine: theirs for mine, theirs in _RATES.items() if f"spec.capabilities.performance.{mine}" in lacks}
    whole = {mine: theirs for mine, theirs in missing.items() if mine in rates and float(rates[mine]).is_integer()}
    told = {theirs: int(rates[mine]) for mine, theirs in whole.items()}
    return {**spec, "capabilities": {**capabilities, "performance": {**rates, **told}}}


def _without(content: Json, path: Sequence[str]) -> Json:
    """Return a mapping without the field at a path."""
    key, *rest = path
    if key not in content:
        return content
    if not rest:
        return {name: each for name, each in content.items() if name != key}
    return {**content, key: _without(content[key], rest)}

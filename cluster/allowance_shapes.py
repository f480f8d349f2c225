"""ResourceQuotas and LimitRanges as the domain sees them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from cluster.shapes import MalformedObject, Metadata, Quantities, Shape, decoded
from placement.allowances import Bounds, LimitRange, Quota, Scope
from placement.inventory import Amounts
from placement.quantities import amount, parse

V = TypeVar("V")

# What a LimitRange may bound beside volumes.
_BOUNDED = ("Container", "Pod")
# Before the name of a resource in a quota.
_SIDES = ("requests.", "limits.")


@dataclass(frozen=True, slots=True)
class Placed(Generic[V]):
    """A value and the namespace where it counts."""

    namespace: str
    name: str
    value: V

    @property
    def key(self) -> str:
        """What identifies it among all of its kind."""
        return f"{self.namespace}/{self.name}"


class _Requirement(Shape):
    scope_name: str
    operator: str
    values: list[str] | None = None


class _ScopeSelector(Shape):
    match_expressions: list[_Requirement] | None = None


class _QuotaSpec(Shape):
    hard: Quantities = None
    scopes: list[str] | None = None
    scope_selector: _ScopeSelector | None = None


class _QuotaStatus(Shape):
    hard: Quantities = None
    used: Quantities = None


class _Quota(Shape):
    metadata: Metadata
    spec: _QuotaSpec = msgspec.field(default_factory=_QuotaSpec)
    status: _QuotaStatus = msgspec.field(default_factory=_QuotaStatus)


class _Item(Shape):
    type: str
    min: Quantities = None
    max: Quantities = None
    max_limit_request_ratio: Quantities = None


class _LimitRangeSpec(Shape):
    limits: list[_Item] | None = None


class _LimitRange(Shape):
    metadata: Metadata
    spec: _LimitRangeSpec = msgspec.field(default_factory=_LimitRangeSpec)


_QUOTA = msgspec.json.Decoder(_Quota)
_LIMIT_RANGE = msgspec.json.Decoder(_LimitRange)


def decode_quota(raw: bytes | msgspec.Raw) -> Placed[Quota]:
    """Return a ResourceQuota; raises MalformedObject.

    Until its controller has counted, what the spec says is all there is, and nothing is used. That the spec was changed
    since the last count does not matter: admission goes by the status as well.
    """
    shape = decoded(_QUOTA, raw)
    metadata, spec, status = shape.metadata, shape.spec, shape.status
    hard = _amounts("status.hard", status.hard) if status.hard else _amounts("spec.hard", spec.hard)
    quota = Quota(metadata.name, hard, _amounts("status.used", status.used), _scopes(spec))
    return Placed(metadata.namespace, metadata.name, quota)


def decode_limit_range(raw: bytes | msgspec.Raw) -> Placed[LimitRange]:
    """Return a LimitRange with what it says of containers and pods; raises MalformedObject."""
    shape = decoded(_LIMIT_RANGE, raw)
    items = (each for each in enumerate(shape.spec.limits or ()) if each[1].type in _BOUNDED)
    bounds = tuple(_bounds(f"spec.limits[{index}]", item) for index, item in items)
    return Placed(shape.metadata.namespace, shape.metadata.name, LimitRange(shape.metadata.name, bounds))


def _bounds(place: str, item: _Item) -> Bounds:
    least, most = _amounts(f"{place}.min", item.min), _amounts(f"{place}.max", item.max)
    return Bounds(item.type, least, most, _ratios(f"{place}.maxLimitRequestRatio", item.max_limit_request_ratio))


def _ratios(place: str, given: Quantities) -> dict[str, float]:
    texts = {name: str(text) for name, text in (given or {}).items()}
    try:
        return {name: float(parse(text)) for name, text in texts.items()}
    except ValueError as error:
        raise MalformedObject(place, str(error)) from None


def _scopes(spec: _QuotaSpec) -> tuple[Scope, ...]:
    selector = spec.scope_selector or _ScopeSelector()
    selected = (Scope(each.scope_name, each.operator, _names(each)) for each in selector.match_expressions or ())
    return (*map(Scope, spec.scopes or ()), *selected)


def _names(requirement: _Requirement) -> frozenset[str]:
    return frozenset(requirement.values or ())


def _amounts(place: str, given: Quantities) -> Amounts:
    return {name: _amount(f"{place}[{name}]", name, str(text)) for name, text in (given or {}).items()}


def _amount(place: str, name: str, text: str) -> int:
    """Return an amount in the unit of its resource, which in a quota may stand behind `requests.` or `limits.`."""
    try:
        return amount(_resource(name), text)
    except ValueError as error:
        raise MalformedObject(place, str(error)) from None


def _resource(name: str) -> str:
    return next((name.removeprefix(side) for side in _SIDES if name.startswith(side)), name)

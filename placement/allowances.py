"""Allowances: what a namespace lets its pods ask for, by ResourceQuota and LimitRange.

Amounts are integers per resource name: cpu in milli, memory in bytes, all others in units. Semantics of
kubernetes.io/docs: quotas count a pod's requests and limits (extended resources by requests alone); a LimitRange
bounds each container and the pod.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from placement.inventory import Amounts
from placement.pods import Container, Pod
from placement.quantities import CPU, GIB, MEMORY, amounts


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota: names are those of its spec, such as `requests.nvidia.com/gpu`, `limits.memory` and `cpu`."""

    name: str
    hard: Amounts = field(default_factory=dict)
    used: Amounts = field(default_factory=dict)
    scopes: tuple["Scope", ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """One condition on the pods that a quota counts: a scope's name, an operator and values, as Kubernetes has them."""

    name: str
    operator: str = "Exists"
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bounds:
    """One entry of a LimitRange: the least, the most, and the most of a limit by its request, for one kind of subject.

    Kinds are `Container` and `Pod`.
    """

    kind: str
    least: Amounts = field(default_factory=dict)
    most: Amounts = field(default_factory=dict)
    ratio: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimitRange:
    """A LimitRange."""

    name: str
    bounds: tuple[Bounds, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowances:
    """The quotas and limit ranges of one namespace."""

    quotas: tuple[Quota, ...] = ()
    limit_ranges: tuple[LimitRange, ...] = ()


NO_LIMITS = Allowances()


def refusal(allowances: Allowances, before: Pod, after: Pod, *, counts_use: bool = True) -> str | None:
    """Return which quota or limit range forbids what is added to a pod, or None.

    Judged are the amounts that change: what the pod's author asks for is between them and the namespace.
    `counts_use` is false where only the quota as a whole may decide, not what others hold of it at the moment.
    """
    reasons = (
        *(_over_quota(each, before, after, counts_use=counts_use) for each in allowances.quotas),
        *(_out_of_bounds(each, before, after) for each in allowances.limit_ranges),
    )
    return next((each for each in reasons if each), None)


def _over_quota(quota: Quota, before: Pod, after: Pod, *, counts_use: bool) -> str | None:
    if not _counts_all(quota, after):
        return None
    was, asked = _charges(before) if _counts_all(quota, before) else {}, _charges(after)
    for name, hard in sorted(quota.hard.items()):
        used = quota.used.get(name, 0) if counts_use else 0
        if asked.get(name, 0) > was.get(name, 0) and used + asked[name] > hard:
            held = f", {_said(name, used)} in use" if used else ""
            would = f"the pod would ask {_said(name, asked[name])}"
            return f"quota {quota.name} allows {_said(name, hard)} {name}{held}, {would}"
    return None


def _charges(pod: Pod) -> Amounts:
    """Return what a pod is charged under the names of quotas; a plain name means requests."""
    requests, limits = pod.requests, pod.limits
    return {
        "pods": 1,
        **{f"requests.{name}": count for name, count in requests.items()},
        **{f"limits.{name}": count for name, count in limits.items()},
        **{name: requests[name] for name in (CPU, MEMORY, "ephemeral-storage") if name in requests},
    }


def _counts_all(quota: Quota, pod: Pod) -> bool:
    """Tell whether a quota counts the pod; what is added to a pod may bring it under a quota that did not."""
    return all(_counts(scope, pod) for scope in quota.scopes)


def _counts(scope: Scope, pod: Pod) -> bool:
    """Tell whether a quota with this scope counts the pod; one that cannot be judged does not."""
    if scope.name == "PriorityClass":
        return _matches(scope, pod.priority_class)
    return {
        "Terminating": pod.is_time_bound,
        "NotTerminating": not pod.is_time_bound,
        "BestEffort": pod.is_best_effort,
        "NotBestEffort": not pod.is_best_effort,
    }.get(scope.name, False)


def _matches(scope: Scope, value: str) -> bool:
    return {
        "In": value in scope.values,
        "NotIn": value not in scope.values,
        "Exists": bool(value),
        "DoesNotExist": not value,
    }.get(scope.operator, False)


def _out_of_bounds(limit_range: LimitRange, before: Pod, after: Pod) -> str | None:
    for bounds in limit_range.bounds:
        for was, will, subject in _subjects(bounds.kind, before, after):
            reason = _beyond(bounds, was, will)
            if reason:
                return f"limit range {limit_range.name} {reason} {subject}"
    return None


def _subjects(kind: str, before: Pod, after: Pod) -> Iterator[tuple[Container | Pod, Container | Pod, str]]:
    if kind == "Pod":
        yield before, after, "for a pod"
    elif kind == "Container":
        pairs = zip(before.containers, after.containers, strict=True)
        yield from ((was, will, f"for container {will.name}") for was, will in pairs)


def _beyond(bounds: Bounds, was: Container | Pod, will: Container | Pod) -> str | None:
    """Return what of the changed amounts lies outside: limits have a most, requests have a least."""
    before, after = _amounts_of(was), _amounts_of(will)
    for name, (request, limit) in after.items():
        if before.get(name) == (request, limit):
            continue
        if limit > bounds.most.get(name, limit):
            return f"allows at most {_said(name, bounds.most[name])} {name}, {_said(name, limit)} would be asked"
        if request < bounds.least.get(name, request):
            return f"wants at least {_said(name, bounds.least[name])} {name}, {_said(name, request)} would be asked"
        if request > 0 and limit > request * bounds.ratio.get(name, inf):
            return f"allows a limit of {bounds.ratio[name]:g} times the request of {name}, exceeded"
    return None


def _amounts_of(subject: Container | Pod) -> Mapping[str, tuple[int, int]]:
    """Return the request and the limit of each resource."""
    if isinstance(subject, Pod):
        requests, limits = subject.requests, subject.limits
    else:
        requests, limits = dict(subject.asked), amounts(subject.limits)
    return {name: (requests.get(name, 0), limits.get(name, 0)) for name in {**requests, **limits}}


def _said(name: str, count: int) -> str:
    """Return an amount as people write it: cores, GiB, units."""
    plain = name.removeprefix("requests.").removeprefix("limits.")
    if plain == CPU:
        return f"{count / 1000:g}"
    return f"{count / GIB:g}Gi" if plain in (MEMORY, "ephemeral-storage") else str(count)

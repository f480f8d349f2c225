"""What may change on a pod: Berth's own keys, additions, and what the pod's runtime gave and a class outranks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from placement.asking.serving import ServingObjects, Written
from placement.keys import OURS_ON_PODS
from tests.fuzz.names import Json

_CHANGED_IN_SPEC = frozenset({"nodeSelector", "affinity", "tolerations", "containers", "schedulerName"})
_CHANGED_IN_CONTAINERS = frozenset({"env", "command", "args", "resources"})
_DEFAULT_SCHEDULERS = (None, "", "default-scheduler")


def check_additions(before: Json, after: Json, serving: ServingObjects) -> None:
    """Raise AssertionError where more than Berth's own keys, and additions to what it may touch, has changed."""
    _same(before, after, "pod", frozenset({"metadata", "spec"}))
    metadata, new_metadata = before["metadata"], after["metadata"]
    _same(metadata, new_metadata, "metadata", frozenset({"labels", "annotations"}))
    for field in ("labels", "annotations"):
        _same(metadata.get(field) or {}, new_metadata.get(field) or {}, field, OURS_ON_PODS)
    spec, new_spec = before["spec"], after["spec"]
    _same(spec, new_spec, "spec", _CHANGED_IN_SPEC)
    assert (spec.get("nodeSelector") or {}).items() <= (new_spec.get("nodeSelector") or {}).items(), "nodeSelector"
    _check_begins(spec, new_spec, "tolerations")
    _check_affinity(spec.get("affinity") or {}, new_spec.get("affinity") or {})
    if spec.get("schedulerName") != new_spec.get("schedulerName"):
        assert spec.get("schedulerName") in _DEFAULT_SCHEDULERS, "schedulerName"
    for old, new in zip(spec.get("containers") or [], new_spec.get("containers") or [], strict=True):
        _check_container(old, new, serving)


def _same(before: Mapping[str, Any], after: Mapping[str, Any], place: str, but: frozenset[str]) -> None:
    kept = {key: value for key, value in before.items() if key not in but}
    assert kept == {key: value for key, value in after.items() if key not in but}, f"{place} has changed"


def _check_begins(before: Json, after: Json, field: str) -> None:
    old = before.get(field) or []
    assert (after.get(field) or [])[: len(old)] == old, f"{field} have changed"


def _check_affinity(before: Json, after: Json) -> None:
    _same(before, after, "affinity", frozenset({"nodeAffinity"}))
    required = frozenset({"requiredDuringSchedulingIgnoredDuringExecution"})
    _same(before.get("nodeAffinity") or {}, after.get("nodeAffinity") or {}, "nodeAffinity", required)


def _check_container(before: Json, after: Json, serving: ServingObjects) -> None:
    _same(before, after, "container", _CHANGED_IN_CONTAINERS)
    for field in ("command", "args"):
        _check_words(before, after, field, serving)
    assert (before.get("command") or []) == [] or after.get("command"), "command is gone"
    added, given = iter(after.get("env") or []), _variables_given(serving)
    assert all(any(_stands(each, new, given) for new in added) for each in before.get("env") or []), "env has changed"
    old, new = before.get("resources") or {}, after.get("resources") or {}
    _same(old, new, "resources", frozenset({"requests", "limits"}))
    for field in ("requests", "limits"):
        assert (old.get(field) or {}).keys() <= (new.get(field) or {}).keys(), f"{field} have lost a name"


def _check_words(before: Json, after: Json, field: str, serving: ServingObjects) -> None:
    """Let words be added behind, and those of a runtime's flags be replaced; a command does not grow."""
    old, new = before.get(field) or [], after.get(field) or []
    if old == new or (field == "args" and new[: len(old)] == old):
        return
    given = {word for each in _written(serving) for flag in each.flags for word in flag}
    kept, standing = [word for word in old if word not in given], iter(new)
    assert given.intersection(old), f"{field} have changed"
    assert all(word in standing for word in kept), f"{field} have lost {Counter(kept) - Counter(new)}"


def _variables_given(serving: ServingObjects) -> frozenset[tuple[str, str]]:
    return frozenset(item for each in _written(serving) for item in each.env.items())


def _written(serving: ServingObjects) -> Iterator[Written]:
    """Yield what the authors of runtimes wrote."""
    for each in serving.runtimes.values():
        yield from each.written
        for component in each.components.values():
            yield from component.written


def _stands(old: Any, new: Any, given: frozenset[tuple[str, str]]) -> bool:
    """Tell whether a variable is what it was, or one with another value: a count of devices, or a runtime's."""
    if old == new:
        return True
    if not (isinstance(old, dict) and isinstance(new, dict)) or old["name"] != new["name"]:
        return False
    counts = str(old.get("value")).isdigit() and str(new.get("value")).isdigit()
    return counts or (old["name"], old.get("value") or "") in given

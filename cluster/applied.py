"""Objects that Berth writes beside people: what anybody else changes is theirs for good.

Three versions of an object meet: what Berth last applied, which the object carries in an annotation, what stands, and
what is wanted. A field is Berth's as long as it stands as Berth applied it and nobody else's manager owns it. It is
written with server-side apply, never by force, so that the API server refuses what was overlooked here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from operator import eq
from typing import Any

from cluster.api import Api, ApiError, PatchKind
from placement.keys import APPLIED, AUTO_DISCOVERED, OF_FLAVOR

Json = dict[str, Any]
Fields = Mapping[str, Any]
Path = tuple[str, ...]

# With this version an object is created and never changed: the API server refuses it for one that exists (422), because
# custom objects cannot be written without their version.
NEW = {"resourceVersion": "0"}
_ABOUT_VERSION = "metadata.resourceVersion"

# Somebody changed, made or deleted the object meanwhile: the watch tells, and it is looked at again.
_OVERTAKEN = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})

# Labels and annotations of classes that Berth made.
_MARKS = frozenset({AUTO_DISCOVERED, OF_FLAVOR, APPLIED})

# What a class selects its nodes by. Nodes must meet all of these, so that they count as one field: of two hands in it
# would come what neither of them meant.
_DISCOVERY = "discovery"
_SELECTION = ("nodeSelector", "nodeSelectorTerms", "affinity")

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Edition:
    """What Berth is to say of an object's spec: `spec` is its own part, `record` what it will have applied.

    A field that somebody else changed stays in the record as Berth left it, which is how that is known later.
    """

    spec: Json
    record: Json


def edition(wanted: Json, standing: Json | None, manager: str) -> Edition:
    """Return what a manager is to say of the spec of an object that is wanted so; `standing` is the object, if any."""
    if standing is None:
        return Edition(wanted, wanted)
    applied, stands = applied_to(standing), standing.get("spec") or {}
    others = frozenset(_owned_by_others(standing, manager))
    if any(map(_is_of_selection, others)) or not _same(_selection(stands), _selection(applied)):
        wanted = _with_selection_of(applied, wanted)
    spec, record = _merged(wanted, applied, stands, ("spec",), others)
    return Edition(spec, record)


def applied_to(standing: Json) -> Json:
    """Return the spec that Berth last applied to an object, as the object tells it."""
    try:
        found = json.loads(standing["metadata"]["annotations"][APPLIED])
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_edited(standing: Json, manager: str) -> bool:
    """Tell whether somebody else changed, removed or added something of an object's spec, or marked the object."""
    metadata, applied = standing["metadata"], applied_to(standing)
    marks = {*(metadata.get("labels") or ()), *(metadata.get("annotations") or ())}
    foreign = any(path[:1] == ("spec",) for path in _owned_by_others(standing, manager))
    return foreign or not marks <= _MARKS or not _same(standing.get("spec") or {}, applied)


def identity(metadata: Json) -> dict[str, str]:
    """Return what tells this very state of an object from all others."""
    return {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}


def is_overtaken(error: ApiError) -> bool:
    """Tell whether a write was refused because the object is no longer the one that was seen."""
    return error.status in _OVERTAKEN or _ABOUT_VERSION in error.message


async def apply(api: Api, path: str, manifest: Json, found: Edition, manager: str) -> bytes:
    """Write an edition of an object, whose manifest says all but the spec; raises ApiError (409: somebody else's)."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED: json.dumps(found.record, sort_keys=True)}
    body = {**manifest, "metadata": {**metadata, "annotations": annotations}, "spec": found.spec}
    query = {"fieldManager": manager, "force": "false"}
    return await api.patch(f"{path}/{metadata['name']}", body, PatchKind.APPLY, query)


def _merged(
    wanted: Fields, applied: Fields, standing: Fields, path: Path, others: frozenset[Path]
) -> tuple[Json, Json]:
    """Return what is to be said of the fields below a path, and what is to be remembered of them."""
    spec: Json = {}
    record: Json = {}
    for key in dict.fromkeys([*wanted, *applied]):
        want, had, stands = (each.get(key, _MISSING) for each in (wanted, applied, standing))
        place = (*path, key)
        if isinstance(want, dict) and want and (had is _MISSING or isinstance(had, dict)):
            inner = stands if isinstance(stands, dict) else {}
            said, noted = _merged(want, had if isinstance(had, dict) else {}, inner, place, others)
            spec |= _entry(key, said or _MISSING)
            record |= _entry(key, noted or _MISSING)
        elif stands == had and others.isdisjoint(place[:depth] for depth in range(1, len(place) + 1)):
            spec |= _entry(key, want)
            record |= _entry(key, want)
        else:
            record |= _entry(key, had)
    return spec, record


def _selection(spec: Fields) -> Json:
    discovery = spec.get(_DISCOVERY)
    return {key: discovery[key] for key in _SELECTION if key in discovery} if isinstance(discovery, dict) else {}


def _with_selection_of(applied: Fields, wanted: Json) -> Json:
    """Return what is wanted with the selection as it was applied.

    What of it still stands must be said again: the API server removes what its only owner leaves out.
    """
    more = {key: each for key, each in wanted.get(_DISCOVERY, {}).items() if key not in _SELECTION}
    rest = {key: each for key, each in wanted.items() if key != _DISCOVERY}
    return rest | _entry(_DISCOVERY, {**more, **_selection(applied)} or _MISSING)


def _is_of_selection(path: Path) -> bool:
    """Tell whether a path is of something in the selection, or has all of it."""
    return len(path) > 0 and any(all(map(eq, path, ("spec", _DISCOVERY, key))) for key in _SELECTION)


def _entry(key: str, value: Any) -> Json:
    return {} if value is _MISSING else {key: value}


def _same(standing: Fields, applied: Fields) -> bool:
    """Compare what stands with what was applied; an empty mapping says nothing."""
    keys = {**standing, **applied}
    return all(_alike(standing.get(key, _MISSING), applied.get(key, _MISSING)) for key in keys)


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, dict) or isinstance(right, dict):
        inner = [each if isinstance(each, dict) else {} for each in (left, right)]
        return all(each is _MISSING or isinstance(each, dict) for each in (left, right)) and _same(*inner)
    return bool(left == right)


def _owned_by_others(standing: Json, manager: str) -> Iterable[Path]:
    """Yield the paths of fields that another manager owns, as far down as it does."""
    for each in standing["metadata"].get("managedFields") or ():
        if each.get("manager") != manager and not each.get("subresource"):
            yield from _paths(each.get("fieldsV1") or {}, ())


def _paths(fields: Fields, path: Path) -> Iterable[Path]:
    inner = {key.removeprefix("f:"): each for key, each in fields.items() if key.startswith("f:")}
    if not inner:
        yield path
    for key, each in inner.items():
        yield from _paths(each, (*path, key))

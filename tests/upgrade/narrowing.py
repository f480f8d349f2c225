"""What an object of an older version might run into under a newer schema of the same kind."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# What allows less the smaller it is, and what allows less the larger it is.
_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum")
# What may not be another: how values are read, compared and merged.
_SAME = (
    "type",
    "format",
    "pattern",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "default",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
)
# What allows more where it is true.
_OPEN = ("nullable", "x-kubernetes-preserve-unknown-fields")


def narrowings(old: Schema, new: Schema, path: str = "") -> Iterator[str]:
    """Yield each place where the new schema refuses, drops or reads otherwise what the old one took."""
    yield from (
        f"{path}: {key} was {old.get(key)!r} and is {new.get(key)!r}" for key in _SAME if _differs(old, new, key)
    )
    for key in _UPPER:
        if new.get(key) is not None and (old.get(key) is None or new[key] < old[key]):
            yield f"{path}: {key} is {new[key]} and was {old.get(key, 'unlimited')}"
    for key in _LOWER:
        if new.get(key) is not None and new[key] > old.get(key, 0):
            yield f"{path}: {key} is {new[key]} and was {old.get(key, 0)}"
    yield from (f"{path}: {key} is true no longer" for key in _OPEN if old.get(key) and not new.get(key))
    yield from _sets(old, new, path)
    for name, inner in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield from narrowings(inner, new["properties"][name], f"{path}.{name}")
        elif not new.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{path}.{name}: is gone, and would be dropped"
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict):
            yield from narrowings(old[key], new.get(key) or {}, f"{path}[]")


def _differs(old: Schema, new: Schema, key: str) -> bool:
    return bool(old.get(key) != new.get(key))


def _sets(old: Schema, new: Schema, path: str) -> Iterator[str]:
    """Yield what is asked for that was not, and values and rules that are no longer the same."""
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}: {name} is required and was not"
    if "enum" in new and ("enum" not in old or set(old["enum"]) - set(new["enum"])):
        yield f"{path}: enum is {new['enum']} and was {old.get('enum', 'anything')}"
    known = {each["rule"] for each in old.get("x-kubernetes-validations", ())}
    for each in new.get("x-kubernetes-validations", ()):
        if each["rule"] not in known:
            yield f"{path}: has a rule that it had not: {each['rule']}"

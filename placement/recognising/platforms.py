"""What the platform of a pod says of it: whether it runs a model, whom it follows, to which group it belongs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from placement.pods import Pod
from placement.recognising.platform_table import BYSTANDERS, IDLE_ROLES, PLATFORMS, ROLE_KEYS, Mark, Platform

__all__ = [
    "BYSTANDERS",
    "PLATFORMS",
    "Group",
    "Platform",
    "count_variables",
    "counts_are_fixed",
    "group_of",
    "group_size",
    "is_follower",
    "is_restored",
    "platforms_of",
    "runs_no_model",
    "updates_in_place",
]

_IDLE_ROLE = re.compile(IDLE_ROLES)

# Most pods have none of these, which is soon seen.
_GROUP_KEYS = frozenset(key for each in PLATFORMS for keys in each.groups for key in keys)


@dataclass(frozen=True, slots=True)
class Group:
    """Pods that must get one class: which labels say so (`key`), what they say (`value`), and how many there are."""

    key: str
    value: str
    size: int | None = None


def platforms_of(pod: Pod) -> tuple[Platform, ...]:
    """Return the platforms that a pod belongs to: one may have built it, another may queue it."""
    said = _said(pod)
    return tuple(each for each in PLATFORMS if _any(each.marks, said))


def runs_no_model(pod: Pod) -> bool:
    """Tell whether the pod's platform says that it runs no model."""
    if any(_IDLE_ROLE.fullmatch(pod.labels.get(key, "")) for key in ROLE_KEYS):
        return True
    return _any((mark for each in platforms_of(pod) for mark in each.idle), _said(pod))


def is_follower(pod: Pod) -> bool:
    """Tell whether the pod's platform says that it follows a leader of its group."""
    return _any((mark for each in platforms_of(pod) for mark in each.followers), _said(pod))


def is_restored(pod: Pod) -> bool:
    """Tell whether the pod may start from a checkpoint, whose arguments and variables must not change.

    Its class must be the one on which the checkpoint was made: the state of the devices is part of it.
    """
    return _any((mark for each in platforms_of(pod) for mark in each.restored), _said(pod))


def updates_in_place(pod: Pod) -> bool:
    """Tell whether the pod's platform would no longer update it in place, once anything in it was changed."""
    return any(each.updates_in_place for each in platforms_of(pod))


def counts_are_fixed(pod: Pod) -> bool:
    """Tell whether the pod's parent has counted its accelerators already, so that they must stay as they are."""
    return any(each.fixes_counts for each in platforms_of(pod))


def count_variables(pod: Pod) -> frozenset[str]:
    """Return the variables that the pod's platform derives from the count of its accelerators."""
    return frozenset(name for each in platforms_of(pod) for name in each.count_variables)


def group_of(pod: Pod) -> Group | None:
    """Return the group whose pods must get one class, or None where the pod stands alone."""
    said = _said(pod)
    if _GROUP_KEYS.isdisjoint(said):
        return None
    known = (keys for each in platforms_of(pod) for keys in each.groups)
    keys = next((keys for keys in known if all(key in said for key in keys)), None)
    return Group(_joined(keys), "/".join(said[key] for key in keys), group_size(pod)) if keys else None


def group_size(pod: Pod) -> int | None:
    """Return how many pods hold one copy of the model together, where the pod's platform tells."""
    said = _said(pod)
    names = (name for each in platforms_of(pod) for name in each.sizes)
    sizes = (_number(said.get(name) or _variable(pod, name)) for name in names)
    return next((size for size in sizes if size), None)


def _said(pod: Pod) -> Mapping[str, str]:
    return {**pod.annotations, **pod.labels}


def _joined(keys: tuple[str, ...]) -> str:
    """Return the keys as one, what they have in common once: `ray.io/cluster+group`."""
    prefix = keys[0].rpartition("/")[0] + "/"
    return "+".join([keys[0], *(key.removeprefix(prefix) for key in keys[1:])])


def _variable(pod: Pod, name: str) -> str:
    return next((each.value or "" for container in pod.containers for each in container.env if each.name == name), "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000") else None


def _any(marks: Iterable[Mark], said: Mapping[str, str]) -> bool:
    return any(_holds(mark, said) for mark in marks)


def _holds(mark: Mark, said: Mapping[str, str]) -> bool:
    key, is_absent, pattern = _read(mark)
    if is_absent or key not in said:
        return is_absent and key not in said
    return pattern is None or pattern.match(said[key]) is not None


# The table is read for every pod.
@lru_cache(maxsize=512)
def _read(mark: Mark) -> tuple[str, bool, re.Pattern[str] | None]:
    """Return the key of a mark, whether it must be absent, and what its value must be like."""
    key, _, pattern = mark.partition("=")
    return key.removeprefix("!"), key.startswith("!"), re.compile(translate(pattern)) if pattern else None

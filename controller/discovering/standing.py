"""Classes as they stand in the API, to those who keep the discovered ones: whose each is, and what it takes up."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from cluster.applied import is_edited
from cluster.custom_objects import CustomObject, InvalidObject, accelerator_class
from controller.reconciling.objects import Objects
from placement.class_conflicts import likeness
from placement.keys import APPLIED, AUTO_DISCOVERED, OF_FLAVOR

MANAGER = "berth-discovery"
DISCOVERED = "Discovered"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StandingClass:
    """An AcceleratorClass as it stands, as JSON."""

    content: Json

    @classmethod
    def of(cls, seen: CustomObject) -> "StandingClass":
        """Return an object that was read."""
        return cls(msgspec.json.decode(seen.raw))

    @property
    def is_ours(self) -> bool:
        """Whether discovery made it, and nobody took it over: by its label, by its annotation, or as its owner."""
        metadata = self.content["metadata"]
        annotations = metadata.get("annotations") or {}
        is_labelled = (metadata.get("labels") or {}).get(AUTO_DISCOVERED) == "true"
        return is_labelled and APPLIED in annotations and OF_FLAVOR not in annotations and not self._owners

    @property
    def is_edited(self) -> bool:
        """Whether somebody else changed something of it, or added to it."""
        return is_edited(self.content, MANAGER)

    @property
    def is_terminating(self) -> bool:
        """Whether it is to go."""
        return "deletionTimestamp" in self.content["metadata"]

    @property
    def identity(self) -> dict[str, str]:
        """What tells this very state of it from all others."""
        metadata = self.content["metadata"]
        return {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}

    def failing_since(self, kind: str) -> datetime | None:
        """Return since when a condition is False, or None where it is not, or does not say."""
        condition = self._condition(kind)
        try:
            return datetime.fromisoformat(condition["lastTransitionTime"]) if condition["status"] == "False" else None
        except (KeyError, TypeError, ValueError):
            return None

    def holds(self, kind: str) -> bool:
        """Tell whether a condition is True."""
        return self._condition(kind).get("status") == "True"

    def _condition(self, kind: str) -> Mapping[str, Any]:
        conditions = (self.content.get("status") or {}).get("conditions") or ()
        return next((each for each in conditions if each.get("type") == kind), {})

    @property
    def _owners(self) -> bool:
        return bool(self.content["metadata"].get("ownerReferences"))


@dataclass
class StandingClasses:
    """All classes as they stand: `ours` are the names of those that discovery keeps.

    `taken` is told what a class of somebody else's selects when it begins or ceases to select it.
    """

    classes: Objects
    taken: Callable[[Hashable], None] = lambda _likeness: None
    ours: set[str] = field(default_factory=set)
    _versions: dict[str, str] = field(default_factory=dict)
    _selected: dict[str, Hashable] = field(default_factory=dict)
    _selecting: dict[Hashable, set[str]] = field(default_factory=dict)

    def note(self, name: str) -> None:
        """Take in that a class came, changed or went, or that there is something new to find of it."""
        seen = self.classes.by_key.get(name)
        known = self._versions.pop(name, "")
        if seen:
            self._versions[name] = seen.resource_version
        if known != self._versions.get(name, ""):
            self._take(name, seen)

    def others_like(self, selected: Hashable) -> str:
        """Return a class of somebody else's that selects this, empty where there is none."""
        return min(self._selecting.get(selected, ()), default="")

    def _take(self, name: str, seen: CustomObject | None) -> None:
        is_ours = seen is not None and StandingClass.of(seen).is_ours
        (self.ours.add if is_ours else self.ours.discard)(name)
        before = self._selected.pop(name, None)
        after = None if seen is None or is_ours else _likeness(seen)
        if before != after:
            self._leave(name, before)
            self._join(name, after)
        if after is not None:
            self._selected[name] = after

    def _leave(self, name: str, selected: Hashable) -> None:
        others = self._selecting.get(selected, set())
        others.discard(name)
        if not others:
            self._selecting.pop(selected, None)
        self.taken(selected)

    def _join(self, name: str, selected: Hashable) -> None:
        if selected is not None:
            self._selecting.setdefault(selected, set()).add(name)
            self.taken(selected)


def _likeness(seen: CustomObject) -> Hashable:
    try:
        return likeness(accelerator_class(seen.raw))
    except InvalidObject:
        return None

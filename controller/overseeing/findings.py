"""What is found of pods, as conditions of the profiles that match them, or else of their classes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from typing import Generic, Protocol, TypeVar

from cluster.custom_objects import CustomObject
from controller.reconciling.conditions import Judgement
from controller.reconciling.objects import Objects

MAX_NAMED = 5


class Found(Protocol):
    """One pod of which something is found; `profile` is empty where none matches it."""

    @property
    def namespace(self) -> str:
        """Its namespace."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def profile(self) -> str:
        """The profile that has it in its condition, or empty."""
        ...

    @property
    def accelerator_class(self) -> str:
        """The class that has it otherwise."""
        ...


F = TypeVar("F", bound=Found)


@dataclass
class Findings(Generic[F]):
    """Pods of which something is found, by the key of the look that found them and by their uid.

    `spoken` says of some pods what is wrong, given the first of them by name and all. Until `is_complete` nothing is
    judged, so that a condition which another replica wrote is not removed by one that has not looked yet.
    """

    condition: str
    reason: str
    classes: Objects
    profiles: Objects
    spoken: Callable[[Sequence[F], Collection[F]], str]
    is_complete: Callable[[], bool]
    _by_key: dict[str, dict[str, F]] = field(default_factory=dict)
    _of_profiles: dict[str, set[F]] = field(default_factory=dict)
    _of_classes: dict[str, set[F]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[F]:
        return chain.from_iterable(each.values() for each in self._by_key.values())

    def of(self, key: str) -> Mapping[str, F]:
        """Return what a look found, by uid."""
        return self._by_key.get(key, {})

    def put(self, key: str, found: Mapping[str, F]) -> None:
        """Replace what a look found, and have those conditions looked at that change by it."""
        before = self.of(key)
        for uid in before.keys() | found.keys():
            self.note(key, uid, found.get(uid))

    def note(self, key: str, uid: str, found: F | None) -> None:
        """Replace what a look found of one pod; None: nothing."""
        known = self._by_key.setdefault(key, {})
        before = known.get(uid)
        if before != found:
            for each, change in ((before, set.discard), (found, set.add)):
                if each:
                    self._change(each, change)
        if found:
            known[uid] = found
        else:
            known.pop(uid, None)
        if not known:
            del self._by_key[key]

    def _change(self, found: F, change: Callable[[set[F], F], None]) -> None:
        """Add to or take from the pods of a condition, and have it looked at."""
        about, objects, name = (
            (self._of_profiles, self.profiles, found.profile)
            if found.profile
            else (self._of_classes, self.classes, found.accelerator_class)
        )
        change(about.setdefault(name, set()), found)
        if not about[name]:
            del about[name]
        objects.tell(name)

    def of_profile(self, seen: CustomObject) -> list[Judgement]:
        """Judge a profile."""
        return self._judged(self._of_profiles.get(seen.name, ()))

    def of_class(self, seen: CustomObject) -> list[Judgement]:
        """Judge a class."""
        return self._judged(self._of_classes.get(seen.name, ()))

    def _judged(self, found: Collection[F]) -> list[Judgement]:
        if found:
            first = nsmallest(MAX_NAMED, found, key=lambda each: (each.namespace, each.name))
            return [Judgement(self.condition, holds=False, reason=self.reason, message=self.spoken(first, found))]
        return [Judgement.absent(self.condition)] if self.is_complete() else []


def named(first: Sequence[Found], found: Collection[Found]) -> str:
    """Return the first of some pods by their names, and how many others there are."""
    names = ", ".join(f"{each.namespace}/{each.name}" for each in first)
    return f"{names} and {len(found) - len(first)} more" if len(found) > len(first) else names


def counted(found: Collection[Found]) -> str:
    """Return how many pods there are, as the beginning of a sentence without its verb."""
    return "1 pod" if len(found) == 1 else f"{len(found)} pods"

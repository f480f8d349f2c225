"""What a watch tells, for those parts of the controller that want to hear it."""

from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from cluster.reflector import Sink

V = TypeVar("V")


class Feed(Generic[V]):
    """A reflector's sink that passes on what it is told; who joins before the watch begins hears everything."""

    def __init__(self) -> None:
        self._sinks: list[Sink[V]] = []

    def join(self, sink: Sink[V]) -> None:
        """Have a sink told."""
        self._sinks.append(sink)

    def apply(self, seen: V) -> None:
        """Pass on an object that is new or has changed."""
        for each in self._sinks:
            each.apply(seen)

    def remove(self, seen: V) -> None:
        """Pass on that an object was deleted."""
        for each in self._sinks:
            each.remove(seen)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Pass on that nothing exists but these."""
        for each in self._sinks:
            each.retain(keys)

"""What a watch tells, passed on to all who want to hear it."""

from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from cluster.reflector import ListAware, Sink

V = TypeVar("V")


class Feed(Generic[V]):
    """A reflector's sink that tells others, in the order in which they joined; who joins in time hears everything."""

    def __init__(self, *sinks: Sink[V]) -> None:
        self._sinks = list(sinks)

    def join(self, sink: Sink[V]) -> None:
        """Have a sink told."""
        self._sinks.append(sink)

    def begin_list(self) -> None:
        """Pass on that a list is asked for."""
        for each in self._sinks:
            if isinstance(each, ListAware):
                each.begin_list()

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

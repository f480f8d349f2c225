"""Custom objects of one kind as they stand in the API."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from cluster.custom_objects import CustomObject

Listener = Callable[[str], None]


class Objects:
    """A reflector's sink: objects by key; listeners are told the keys of those that came, changed or went."""

    def __init__(self) -> None:
        self.by_key: dict[str, CustomObject] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell a listener from here on, and of everything that is known already."""
        self._listeners.append(listener)
        for key in self.by_key:
            listener(key)

    def tell(self, key: str) -> None:
        """Tell the listeners that there is something new to find of an object."""
        for listener in self._listeners:
            listener(key)

    def tell_all(self) -> None:
        """Tell the listeners that there is something new to find of every object."""
        for key in self.by_key:
            self.tell(key)

    def apply(self, seen: CustomObject) -> None:
        """Take in an object that is new or has changed, as a watch tells it or a write answers it."""
        known = self.by_key.get(seen.key)
        if known is None or known.resource_version != seen.resource_version:
            self.by_key[seen.key] = seen
            self.tell(seen.key)

    def remove(self, seen: CustomObject) -> None:
        """Drop an object that was deleted."""
        if self.by_key.pop(seen.key, None):
            self.tell(seen.key)

    def retain(self, keys: AbstractSet[str]) -> None:
        """Drop all objects but these."""
        for key in self.by_key.keys() - keys:
            del self.by_key[key]
            self.tell(key)

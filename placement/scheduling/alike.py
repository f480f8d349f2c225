"""What is alike has the same number, so that what holds of one is computed once for all."""

from collections.abc import Hashable


class Alike:
    """Gives the same number to equal keys as long as somebody holds it; numbers are below the most holders there were.

    Two hold the same number exactly where their keys are equal.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._keys: list[Hashable] = []
        self._holders: list[int] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        """All numbers are below this."""
        return len(self._keys)

    def take(self, key: Hashable) -> int:
        """Hold the number of a key."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._new(key)
        self._holders[number] += 1
        return number

    def leave(self, number: int) -> None:
        """Hold it no longer."""
        self._holders[number] -= 1
        if not self._holders[number]:
            del self._numbers[self._keys[number]]
            self._free.append(number)

    def _new(self, key: Hashable) -> int:
        if self._free:
            number = self._free.pop()
            self._keys[number] = key
            return number
        self._keys.append(key)
        self._holders.append(0)
        return len(self._keys) - 1

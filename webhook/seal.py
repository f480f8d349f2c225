"""The seal on what Berth writes on pods: made with the serving key, which all replicas share and nobody else has."""

from collections.abc import Callable
from hashlib import blake2b, sha256
from pathlib import Path
from time import monotonic

from placement.choosing.records import unkeyed

# Keys rotate after weeks; a seal made with the last one only makes its record be written anew.
_LOOK_SECONDS = 1.0
_SEAL_BYTES = 8


class FileSeal:
    """A seal that is made with the key in a file, which is looked at once a second."""

    def __init__(self, key_file: Path, now: Callable[[], float] = monotonic) -> None:
        self._key_file = key_file
        self._now = now
        self._until = float("-inf")
        self._key: bytes | None = None

    def __call__(self, content: bytes) -> str:
        """Return the seal on some content; without a key a digest that anybody can make."""
        if self._now() >= self._until:
            self._key, self._until = self._read(), self._now() + _LOOK_SECONDS
        if self._key is None:
            return unkeyed(content)
        return blake2b(content, key=self._key, digest_size=_SEAL_BYTES).hexdigest()

    def _read(self) -> bytes | None:
        try:
            return sha256(self._key_file.read_bytes()).digest()
        except OSError:
            return None

"""The seal on what Berth writes on pods: made with the serving key, which all replicas share and nobody else has."""

import hmac
from collections.abc import Callable
from pathlib import Path

from placement.records import unkeyed


def seal_with(key_file: Path) -> Callable[[bytes], str]:
    """Return a seal that is made with the key in a file, read at each use, because keys rotate."""

    def seal(content: bytes) -> str:
        try:
            key = key_file.read_bytes()
        except OSError:
            return unkeyed(content)
        return hmac.digest(key, content, "sha256").hex()[:16]

    return seal

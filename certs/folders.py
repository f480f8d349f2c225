"""Certificates in a folder: for a webhook that runs outside of a cluster, and for those who copy files themselves."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from certs.authorities import Content, authorities_of, succession
from certs.issuance import serving_content

# Apart from what the server reads, as the Secrets are.
AUTHORITY_FOLDER = "authority"
_NAMES = ("tls.crt", "tls.key", "ca.crt", "old.crt")


def ensure(folder: Path, names: Sequence[str], now: datetime) -> list[Path]:
    """Create or replace in a folder what is missing or due; return the files that were written. Raises OSError."""
    held = _read(folder / AUTHORITY_FOLDER)
    authorities = succession(authorities_of(held), now)
    found = _read(folder)
    serving = serving_content(found, authorities, names, now)
    return _written(folder / AUTHORITY_FOLDER, held, authorities.content) + _written(folder, found, serving)


def _read(folder: Path) -> Content:
    return {name: (folder / name).read_bytes() for name in _NAMES if (folder / name).exists()}


def _written(folder: Path, found: Content, wanted: Content) -> list[Path]:
    if wanted == found:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in wanted.items():
        (folder / name).touch(mode=0o600 if name == "tls.key" else 0o644)
        (folder / name).write_bytes(content)
    return [folder / name for name in wanted]

"""Certificates in a folder: for a webhook that runs outside of a cluster, and for those who copy files themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from certs.authorities import Content, authorities_of, succession
from certs.issuance import serving_content

# Apart from what the server reads, as the Secrets are.
AUTHORITY_FOLDER = "authority"
_NAMES = ("tls.crt", "tls.key", "ca.crt", "next.crt", "next.key", "next.told", "old.crt")


def ensure(folder: Path, names: Sequence[str], now: datetime) -> list[Path]:
    """Create or replace in a folder what is missing or due; return the files that were written. Raises OSError."""
    held = read(folder / AUTHORITY_FOLDER)
    authorities = succession(authorities_of(held), now)
    found = read(folder)
    serving = serving_content(found, authorities, names, now)
    return written(folder / AUTHORITY_FOLDER, held, authorities.content) + written(folder, found, serving)


def read(folder: Path) -> Content:
    """Return what a folder holds of certificates and keys. Raises OSError."""
    return {name: (folder / name).read_bytes() for name in _NAMES if (folder / name).exists()}


def written(folder: Path, found: Content, wanted: Content) -> list[Path]:
    """Write what is wanted where it differs from what was found; return the files that were written. Raises OSError."""
    if wanted == found:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    _replace({folder / name: content for name, content in wanted.items()})
    for name in found.keys() - wanted.keys():
        (folder / name).unlink()
    return [folder / name for name in wanted]


def _replace(contents: Mapping[Path, bytes]) -> None:
    """Write whole files beside those that they then replace: where the disk is full, what there was stays."""
    beside = {path: path.with_name(f".{path.name}.new") for path in contents}
    try:
        for path, content in contents.items():
            beside[path].unlink(missing_ok=True)
            beside[path].touch(mode=0o600 if path.suffix == ".key" else 0o644)
            beside[path].write_bytes(content)
        for path, each in beside.items():
            each.replace(path)
    finally:
        for each in beside.values():
            each.unlink(missing_ok=True)

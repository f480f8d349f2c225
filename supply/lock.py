"""Lock files as values: what is installed, from which files, and because of whom."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# What the image holds, what builds it, and what checks and tests it.
RUNTIME, BUILD, DEVELOPMENT = "requirements.lock", "requirements-build.lock", "requirements-dev.lock"

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))?(?: \\)?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via|  ) (?P<name>[a-z0-9][a-z0-9.-]*)")


class NotLockedError(Exception):
    """A lock file does not pin everything with a hash: the message has the line."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of a package, where it applies (an environment marker), its files' SHA-256, and who asks for it."""

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()
    wanted_by: tuple[str, ...] = ()


def read_pins(file: str) -> list[Pin]:
    """Return the pins of a lock file of this project. Raises NotLockedError."""
    return parse_pins((ROOT / file).read_text())


def parse_pins(text: str) -> list[Pin]:
    """Return the pins of a lock file as `uv pip compile --generate-hashes` writes it. Raises NotLockedError."""
    return [_pin(block) for block in _blocks(text.splitlines())]


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in (each for each in lines if each.strip() and not each.startswith("#")):
        if not line.startswith(" ") and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _pin(block: list[str]) -> Pin:
    first = _PIN.match(block[0])
    hashes = tuple(found[1] for line in block if (found := _HASH.search(line)))
    if not first or not hashes:
        raise NotLockedError(f"{block[0]!r} is not a version with hashes")
    wanted_by = tuple(found["name"] for line in block[1:] if (found := _VIA.match(line)))
    return Pin(first["name"], first["version"], first["marker"] or "", hashes, wanted_by)

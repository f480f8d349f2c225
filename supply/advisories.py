"""Known vulnerabilities of the pinned versions, by a copy of an advisory database in OSV's format: nothing is asked.

The format is https://ossf.github.io/osv-schema; the advisories of PyPI are published in it by the Python Packaging
Authority (pypa/advisory-database) and, with others', by OSV as one archive.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from supply.lock import Pin

_ECOSYSTEM = "PyPI"
_SUFFIXES = (".json", ".yaml")


class UnreadableAdvisoriesError(Exception):
    """The database is not there, or one of its files is no advisory: the message names it."""


class _Package(msgspec.Struct):
    ecosystem: str = ""
    name: str = ""


class _Range(msgspec.Struct):
    type: str
    events: list[dict[str, str]] = []


class _Affected(msgspec.Struct):
    package: _Package = msgspec.field(default_factory=_Package)
    ranges: list[_Range] = []
    versions: list[str] = []


class Advisory(msgspec.Struct):
    """What an advisory says, as far as it is needed here."""

    id: str
    modified: str = ""
    withdrawn: str = ""
    aliases: list[str] = []
    summary: str = ""
    affected: list[_Affected] = []


@dataclass(frozen=True, slots=True)
class Finding:
    """A pinned version for which an advisory was published."""

    pin: Pin
    advisory: str
    aliases: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        """Name the version, the advisory and what it is about."""
        names = ", ".join((self.advisory, *self.aliases))
        return f"{self.pin.name} {self.pin.version}: {names}: {self.summary or 'no summary'}"


@dataclass(frozen=True, slots=True)
class Database:
    """Advisories that stand, with the time at which the last of them was changed."""

    advisories: Sequence[Advisory]

    @property
    def changed(self) -> str:
        """When the newest advisory was changed, as it says itself; empty where there is none."""
        return max((each.modified for each in self.advisories), default="")

    def findings(self, pins: Iterable[Pin]) -> list[Finding]:
        """Return what was published against pins."""
        by_name: dict[str, list[Pin]] = {}
        for pin in pins:
            by_name.setdefault(pin.name, []).append(pin)
        found = (
            Finding(pin, each.id, tuple(each.aliases), each.summary)
            for each in self.advisories
            for pin in dict.fromkeys(_affected_pins(each, by_name))
        )
        return sorted(found, key=lambda each: (each.pin.name, each.advisory))


def read_database(path: Path) -> Database:
    """Return the advisories of a folder or a zip archive. Raises UnreadableAdvisoriesError."""
    try:
        texts = list(_zipped(path) if path.is_file() else _files(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableAdvisoriesError(f"{path}: {error}") from error
    if not texts:
        raise UnreadableAdvisoriesError(
            f"{path}: no advisory is there: a folder or a zip archive in OSV's format is wanted"
        )
    advisories = [_parse(name, text) for name, text in texts]
    return Database([each for each in advisories if not each.withdrawn])


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES:
            yield str(path), path.read_bytes()


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if Path(name).suffix in _SUFFIXES:
                yield f"{path}: {name}", archive.read(name)


def _parse(name: str, text: bytes) -> Advisory:
    try:
        if name.endswith(".json"):
            return msgspec.json.decode(text, type=Advisory)
        # Numbers and times stay texts.
        return msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), Advisory)  # noqa: S506 - it makes only texts
    except (ValueError, yaml.YAMLError) as error:
        raise UnreadableAdvisoriesError(f"{name}: no advisory in OSV's format: {error}") from error


def _affected_pins(advisory: Advisory, by_name: dict[str, list[Pin]]) -> Iterator[Pin]:
    for affected in advisory.affected:
        if affected.package.ecosystem == _ECOSYSTEM:
            pins = by_name.get(canonicalize_name(affected.package.name), [])
            yield from (pin for pin in pins if _is_affected(pin.version, affected))


def _is_affected(version: str, affected: _Affected) -> bool:
    ranges = (each for each in affected.ranges if each.type == "ECOSYSTEM")
    return version in affected.versions or any(_is_within(Version(version), each.events) for each in ranges)


def _is_within(version: Version, events: Iterable[dict[str, str]]) -> bool:
    """Whether the last event up to a version began the trouble (OSV schema, "Evaluation")."""
    dated = sorted(((_at(text), kind) for event in events for kind, text in event.items()), key=lambda each: each[0])
    inside = False
    for at, kind in dated:
        if kind == "introduced" and at <= version:
            inside = True
        elif (kind in ("fixed", "limit") and at <= version) or (kind == "last_affected" and at < version):
            inside = False
    return inside


def _at(text: str) -> Version:
    """The version of an event; one that is none is before all, so that it rather warns than not."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")

"""Kubernetes objects out of files, folders and standard input: YAML of several documents, JSON and Lists."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import msgspec
import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

Json = dict[str, Any]
STANDARD_INPUT = Path("-")
# Kubernetes' own objects have at most about twenty levels.
_MAX_LEVELS = 100
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class UnreadableFileError(ValueError):
    """A file holds no Kubernetes objects; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object, and the file in which it stands."""

    file: Path
    object: Json

    @property
    def kind(self) -> str:
        """What it is."""
        return str(self.object["kind"])

    @property
    def name(self) -> str:
        """Its name, or the beginning of it; empty where it has none."""
        return text(metadata(self.object).get("name") or metadata(self.object).get("generateName"))

    @property
    def title(self) -> str:
        """What it is and its name."""
        return f"{self.kind} {self.name}".rstrip()

    @property
    def namespace(self) -> str:
        """Its namespace; empty where it states none."""
        return text(metadata(self.object).get("namespace"))


def documents(paths: Iterable[Path]) -> tuple[Document, ...]:
    """Return the objects of files, folders (their YAML and JSON files by name) and standard input (`-`), in order.

    Raises UnreadableFileError.
    """
    return tuple(found for path in paths for file in _files(path) for found in _read(file))


def metadata(found: Json) -> Json:
    """Return an object's metadata, or nothing where it has none that can be read."""
    given = found.get("metadata")
    return given if isinstance(given, dict) else {}


def text(given: Any) -> str:
    """Return a text as it is, and nothing else."""
    return given if isinstance(given, str) else ""


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return (path,)
    files = sorted(each for each in path.iterdir() if each.suffix in _SUFFIXES and each.is_file())
    if not files:
        raise UnreadableFileError(f"{path}: holds no file that ends in {', '.join(sorted(_SUFFIXES))}")
    return files


def _read(file: Path) -> Iterator[Document]:
    name = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
        for line, found in _parsed(content):
            yield from _objects(file, f"{name}:{line}", found)
    except OSError as error:
        raise UnreadableFileError(f"{name}: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        raise UnreadableFileError(f"{name}{_said(error)}") from error
    except RecursionError as error:
        raise UnreadableFileError(f"{name}: is nested too deeply") from error


def _parsed(content: bytes) -> Iterable[tuple[int, Any]]:
    """Return each document that is not empty, with the number of its first line; JSON is YAML, but read faster."""
    if content.lstrip()[:1] == b"{":
        with suppress(ValueError):
            return ((1, msgspec.json.decode(content)),)
    return _yaml(content)


def _yaml(content: bytes) -> Iterator[tuple[int, Any]]:
    loader = _Loader(content)
    try:
        while loader.check_node() and (node := loader.get_node()):
            found = loader.construct_document(node)
            if found is not None:
                yield node.start_mark.line + 1, found
    finally:
        loader.dispose()


def _objects(file: Path, place: str, found: Any) -> Iterator[Document]:
    """Yield the object, or those of a List."""
    if not isinstance(found, dict) or not text(found.get("kind")):
        raise UnreadableFileError(f"{place}: found {shortened(found)}, allowed: an object with apiVersion and kind")
    if isinstance(found.get("items"), list) and found["kind"].endswith("List"):
        for each in found["items"]:
            yield from _objects(file, place, each)
        return
    yield Document(file, _json(place, found))


def _json(place: str, found: Json) -> Json:
    """Return the object as the API server has it: JSON, in which aliases are copies."""
    try:
        copy: Json = msgspec.json.decode(msgspec.json.encode(found))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{place}: cannot be written as JSON: {error}") from error
    if _is_deeper(copy, _MAX_LEVELS):
        raise UnreadableFileError(f"{place}: is nested too deeply, allowed: {_MAX_LEVELS} levels")
    return copy


def _is_deeper(found: Any, levels: int) -> bool:
    """Tell whether maps and lists are nested in more than so many levels."""
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return any(levels == 0 or _is_deeper(each, levels - 1) for each in inner)


def _said(error: yaml.YAMLError) -> str:
    """Return where and what YAML's parser does not understand, on one line."""
    mark = getattr(error, "problem_mark", None)
    where = f":{mark.line + 1}" if mark else ""
    what = getattr(error, "problem", None) or str(error)
    return f"{where}: {' '.join(what.split())}"


class _Loader(Composer, CParser, SafeConstructor, Resolver):
    """Plain YAML as Kubernetes reads it: dates and times of day are texts.

    The parser is libyaml's; its composer would overflow the stack of a process where documents are nested deeply.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it.
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":int", ":float"))]
        for first, resolvers in Resolver.yaml_implicit_resolvers.items()
    }

    def __init__(self, content: bytes) -> None:
        CParser.__init__(self, content)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o?[0-7]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)

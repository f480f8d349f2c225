"""Tables in CSV files, plain or gzip: columns by the names of the header, and rows that say where they stand."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_GZIP = b"\x1f\x8b"


class UnreadableTraceError(ValueError):
    """A file is no table of the kind that is needed; the message names file, line, column and what is allowed."""


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one row by the name of their column, and the place where it stands: `nodes.csv:3`."""

    place: str
    fields: Mapping[str, str]

    def number(self, column: str, low: int, high: int) -> int:
        """Return a whole number within these bounds; raises UnreadableTraceError."""
        text = self.fields[column]
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
            bounds = f"{low}" if low == high else f"a whole number from {low} to {high}"
            raise self.refused(column, bounds)
        return int(text)

    def refused(self, column: str, allowed: str) -> UnreadableTraceError:
        """Return the error that says what was found in a column, and what is allowed there."""
        return UnreadableTraceError(f"{self.place}: column {column}: found {self.fields[column]!r}, allowed: {allowed}")


def rows(file: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a file with the needed columns and, where there are such, the optional ones.

    Columns stand in any order, others are ignored, and so are empty lines. Raises UnreadableTraceError.
    """
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = _columns(file, header, needed, optional)
        for fields in filter(None, reader):
            place = f"{file}:{reader.line_num}"
            if len(fields) != len(header):
                raise UnreadableTraceError(f"{place}: found {len(fields)} fields, allowed: {len(header)} as in line 1")
            yield Row(place, {name: fields[index].strip() for name, index in columns.items()})
    except csv.Error as error:
        raise UnreadableTraceError(f"{file}:{reader.line_num}: is no CSV: {error}") from error


def _columns(file: Path, header: list[str], needed: Sequence[str], optional: Sequence[str]) -> Mapping[str, int]:
    """Return where the columns stand."""
    wanted = f"allowed: a header with {', '.join(needed)}"
    if not any(header):
        raise UnreadableTraceError(f"{file}:1: has no header, {wanted}")
    missing = [name for name in needed if name not in header]
    if missing:
        raise UnreadableTraceError(f"{file}:1: column {', '.join(missing)} is missing, {wanted}")
    known = [name for name in (*needed, *optional) if name in header]
    for name in known:
        if header.count(name) > 1:
            raise UnreadableTraceError(f"{file}:1: column {name} stands {header.count(name)} times, allowed: once")
    return {name: header.index(name) for name in known}


def _text(file: Path) -> str:
    content = _content(file)
    if not content:
        raise UnreadableTraceError(f"{file}: is empty, allowed: a header and rows")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"found byte 0x{content[error.start]:02x}"
        raise UnreadableTraceError(f"{file}:{line}: {found}, allowed: text in UTF-8") from error


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
        if content.startswith(_GZIP) or (file.suffix == ".gz" and content):
            return gzip.decompress(content)
    except gzip.BadGzipFile as error:
        raise UnreadableTraceError(f"{file}: is no gzip file, as its name says: {error}") from error
    except (EOFError, zlib.error) as error:
        raise UnreadableTraceError(f"{file}: is a broken gzip file: {error}") from error
    except OSError as error:
        raise UnreadableTraceError(f"{file}: {error.strerror or error}") from error
    return content

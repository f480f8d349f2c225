"""Pages of the documentation as data: their headings, fenced blocks and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the words behind its fence, what is in it, and the heading above it."""

    words: tuple[str, ...]
    text: str
    heading: str
    line: int

    @property
    def kind(self) -> str:
        """The first two words: what is in it, and what it is for."""
        return " ".join(self.words[:2])


def page(name: str) -> str:
    """Return the text of a page of docs/."""
    return (DOCS / name).read_text()


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    heading, opened, lines = "", None, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if opened is None and line.startswith("#"):
            heading = line.lstrip("# ")
        elif opened is None and line.startswith("```"):
            opened, lines = (tuple(line.strip("`").split()), number), []
        elif opened and line == "```":
            yield Block(opened[0], "".join(f"{each}\n" for each in lines), heading, opened[1])
            opened = None
        elif opened:
            lines.append(line)


def headings(text: str) -> list[str]:
    """Return the headings of a page; lines of fenced blocks are none."""
    return [line.lstrip("# ") for line in prose(text).splitlines() if line.startswith("#")]


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def rows(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first head is that, cell by cell, without its head."""
    _, found, rest = f"\n{prose(text)}".partition(f"\n| {first} |")
    assert found, f"there is no table with {first!r}"
    lines = [line for line in rest.partition("\n\n")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def codes(cell: str) -> list[str]:
    """Return what a text has as code."""
    return _CODE.findall(cell)


def anchor(heading: str) -> str:
    """Return the anchor that a heading has on the web."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")

"""What commands about files have in common: how files are named, and how an answer with notes is told."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Noted(Protocol):
    """An answer with what its reader should know beside it."""

    @property
    def notes(self) -> Sequence[str]:
        """The notes, a line each."""
        ...


NotedT = TypeVar("NotedT", bound=Noted)


def add_files(parser: argparse.ArgumentParser, *flags: str, **more: Any) -> None:
    """Take files by a flag, several at a time and again and again."""
    parser.add_argument(*flags, metavar="FILE", type=Path, nargs="+", action="extend", **more)


def told(asked: Coroutine[Any, Any, NotedT], *refusals: type[Exception]) -> NotedT | None:
    """Return the answer, with its notes printed for people; None where it was refused, which is printed too."""
    try:
        answer = asyncio.run(asked)
    except refusals as error:
        sys.stderr.write(f"{error}\n")
        return None
    for note in answer.notes:
        sys.stderr.write(f"{note}\n")
    return answer

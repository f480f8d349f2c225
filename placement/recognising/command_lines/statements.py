"""The simple commands of a shell script, told apart; nothing is expanded here."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from placement.recognising.command_lines.lexing import Kind, Sign, Token, Word

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_WRITING = frozenset({">", ">|", ">>"})
_REDIRECTIONS = _WRITING | frozenset({"<", "<>", "<&", ">&", "&>", "&>>", "<<<"})


@dataclass(slots=True)
class Statement:
    """A simple command: its words, and the arrays that some of them open; `before` and `after` are operators.

    `body` is the text of a here-document, `target` the file that output goes to.
    """

    words: list[Word] = field(default_factory=list)
    arrays: dict[int, list[Word]] = field(default_factory=dict)
    before: str = ""
    after: str = ""
    body: str | None = None
    target: Word | None = None


def statements(stream: Iterable[Token]) -> Iterator[Statement]:
    """Split tokens into simple commands; redirections are dropped, here-documents stay with their command."""
    statement, last = Statement(), ""
    array: list[Word] | None = None
    for token in stream:
        if array is not None:
            array = None if token == Sign(")") else [*array, token] if isinstance(token, Word) else array
            if array:
                statement.arrays[len(statement.words) - 1] = array
        elif isinstance(token, Word):
            if last not in _REDIRECTIONS:
                statement.words.append(token)
            elif last in _WRITING:
                statement.target = token
            last = ""
        elif token.text == "(" and last == "" and statement.words and _opens_array(statement.words[-1]):
            array = []
            statement.arrays[len(statement.words) - 1] = array
        elif token.text == "<<":
            statement.body = token.body
        else:
            last = token.text
            if last not in _REDIRECTIONS:
                statement.after = last
                yield statement
                statement = Statement(before=last)
    yield statement


def _opens_array(word: Word) -> bool:
    piece = word.pieces[-1]
    return len(word.pieces) == 1 and piece.kind is Kind.TEXT and ASSIGNMENT.fullmatch(piece.text) is not None

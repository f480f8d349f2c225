"""Expansion of a shell script's words: parameters, defaults, arrays, integer arithmetic and field splitting.

Grammar: POSIX.1-2017, Shell Command Language, 2.6. What a command prints is unknown; so is what bash alone can compute.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from placement.recognising.command_lines.lexing import Kind, Piece, Word, pieces
from placement.recognising.command_lines.words import UNKNOWN, Fields, Room, UnreadableCommandError

_MAX_DEPTH = 16
_SUM = re.compile(r"[0-9+*/%() -]{1,100}")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@dataclass(slots=True)
class Variables:
    """The variables of a running script, each a list of fields (a plain one has one field), and its arguments.

    `has_unseen` tells that the environment holds more than is listed: an unset variable is then unknown, not empty.
    """

    values: dict[str, Fields]
    room: Room
    arguments: Fields = ()
    program: str = "sh"
    has_unseen: bool = False

    def value(self, name: str) -> Fields | None:
        """Return a variable's fields, or None where it is not set."""
        bare = name.removesuffix("[@]").removesuffix("[*]")
        if bare in {"@", "*"}:
            return self.arguments
        if bare.isdigit():
            position = int(bare[:4])
            return (self.program,) if position == 0 else self.arguments[position - 1 : position] or None
        return self.values.get(bare, (UNKNOWN,) if self.has_unseen else None)

    def fields(self, word: Word) -> list[str]:
        """Return the fields that a word becomes, which may be none; raises UnreadableCommandError."""
        done: list[str] = []
        open_field: str | None = None
        for piece in word.pieces:
            first, *more = self._split(piece) or [None]
            if first is not None:
                open_field = (open_field or "") + first
            for text in more:
                if open_field is not None:
                    done.append(open_field)
                open_field = text
        done += [] if open_field is None else [open_field]
        return [self.room.take(each) for each in done]

    def text(self, word: Word) -> str:
        """Return what a word becomes where it is not split, as in an assignment; raises UnreadableCommandError."""
        return self.room.take("".join(self._joined(each) for each in word.pieces))

    def settle(self, words: Iterable[Word]) -> bool:
        """Tell whether every plain variable in the words is set: platforms set some only after a pod was judged."""
        used = (piece for word in words for piece in word.pieces if piece.kind is Kind.VARIABLE and not piece.operator)
        return all(self.value(piece.text) is not None for piece in used)

    def _split(self, piece: Piece) -> list[str | None]:
        """Return the piece's fields; None at either end separates it from its neighbours."""
        if piece.kind is Kind.TEXT or (piece.is_quoted and not piece.text.endswith("@]") and piece.text != "@"):
            return [self._joined(piece)]
        if piece.is_quoted:
            return list(self._expanded(piece, 0))
        text = self._joined(piece)
        words: list[str | None] = list(text.split())
        if words and text[0].isspace():
            words.insert(0, None)
        if words and text[-1].isspace():
            words.append(None)
        return words

    def _joined(self, piece: Piece, depth: int = 0) -> str:
        return piece.text if piece.kind is Kind.TEXT else " ".join(self._expanded(piece, depth))

    def _expanded(self, piece: Piece, depth: int) -> Fields:
        if piece.kind is Kind.ARITHMETIC:
            return (self._computed(piece.text, depth),)
        present = self.value(piece.text)
        if present == (UNKNOWN,) or not piece.operator:
            return present or ()
        is_set = bool(present and any(present)) if piece.operator.startswith(":") else present is not None
        if piece.operator.endswith("+"):
            return self._other(piece, depth) if is_set else ()
        return present or () if is_set or piece.operator.endswith("?") else self._other(piece, depth)

    def _other(self, piece: Piece, depth: int) -> Fields:
        if depth >= _MAX_DEPTH:
            raise UnreadableCommandError("expansions are nested too deeply")
        # Quotes around the other word are not part of it.
        other = piece.other.strip("'") if piece.other[:1] == "'" else piece.other.replace('"', "")
        return (self.room.take("".join(self._joined(each, depth + 1) for each in pieces(other))),)

    def _computed(self, expression: str, depth: int) -> str:
        """Return the value of an integer expression, or unknown."""
        text = "".join(self._joined(each, depth + 1) for each in pieces(expression.replace('"', "")))
        text = self.room.take(_NAME.sub(lambda match: " ".join(self.value(match[0]) or ("0",)), text)).strip()
        if not _SUM.fullmatch(text):
            return UNKNOWN
        try:
            return str(_integer(ast.parse(text.replace("/", "//"), mode="eval").body))
        except (ValueError, SyntaxError, ArithmeticError):
            return UNKNOWN


def _integer(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_integer(node.left), _integer(node.right))
    raise ValueError("no integer arithmetic")

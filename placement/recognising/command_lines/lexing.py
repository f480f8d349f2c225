"""The words and operators of a POSIX shell script, with the common extensions of bash; nothing is expanded here.

Grammar: POSIX.1-2017, Shell Command Language, 2.2 (quoting), 2.3 (token recognition), 2.6 (expansions), 2.7.4
(here-documents).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from placement.recognising.command_lines.words import UNKNOWN, UnreadableCommandError

_OPERATOR = re.compile(r"\n|&&|\|\||;;&?|;&|;|&>>?|\|&|[|&()]|\d*(?:<<<|<<-?|<>|<&|>&|>>|>\||[<>])")
_IGNORED = re.compile(r"(?:[ \t\r\v\f]|\\\r?\n)+|#[^\n]*")
_PLAIN = re.compile(r"[^ \t\r\n\v\f'\"\\$`&|;()<>]+")
_SINGLE = re.compile(r"'([^']*)'")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_IN_QUOTES = re.compile(r'[^"\\$`]+')
_QUOTED_ESCAPE = re.compile(r'\\([$`"\\\n])')
_BACKQUOTED = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_NAME = re.compile(r"\$(?:([A-Za-z_]\w*|[@*0-9])|[?#$!-])", re.ASCII)
_BRACED = re.compile(r"([A-Za-z_]\w*|[@*]|\d+)(\[[@*]\])?(?:(:?[-=+?])(.*))?", re.ASCII | re.DOTALL)
_PAIRS = {"(": ")", "{": "}"}


class Kind(Enum):
    """What a piece of a word is."""

    TEXT = auto()
    VARIABLE = auto()
    ARITHMETIC = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a word: text, the name of a variable with what stands in for it, or an arithmetic expression.

    `operator` is one of `:-`, `-`, `:=`, `:+` and so on, or empty; `other` is the word behind it.
    """

    kind: Kind
    text: str
    is_quoted: bool = False
    operator: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, made of pieces that join."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator; of a here-document, `body` is its text."""

    text: str
    body: str = ""


Token = Word | Sign


def tokens(script: str) -> Iterator[Token]:
    """Yield the words and operators of a script; raises UnreadableCommandError."""
    return _Lexer(script).tokens()


def pieces(text: str) -> tuple[Piece, ...]:
    """Return the pieces of a text as it would stand between double quotes; raises UnreadableCommandError."""
    return tuple(_Lexer(text).quoted_pieces(None))


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._awaited: list[str] = []

    def tokens(self) -> Iterator[Token]:
        while self._skip():
            if expression := self._arithmetic_command():
                yield from (Word((Piece(Kind.TEXT, "let"),)), Word((Piece(Kind.TEXT, expression, is_quoted=True),)))
                continue
            match = _OPERATOR.match(self._text, self._at)
            if match is None:
                yield Word(tuple(self._pieces()))
                continue
            self._at = match.end()
            yield from self._sign(match[0])

    def _arithmetic_command(self) -> str:
        """Return the expression of `((…))`, which is short for `let "…"`, or nothing where subshells are nested."""
        if not self._text.startswith("((", self._at):
            return ""
        begin, inner = self._at, self._inside("(")
        if self._text.startswith(")", self._at):
            self._at += 1
            return inner
        self._at = begin
        return ""

    def quoted_pieces(self, closing: str | None) -> Iterator[Piece]:
        """Yield what stands up to the closing quote, or to the end."""
        while self._at < len(self._text):
            if self._text[self._at] == closing:
                self._at += 1
                return
            yield self._quoted_piece()
        if closing:
            raise UnreadableCommandError("a quote is not closed")

    def _skip(self) -> bool:
        match = _IGNORED.match(self._text, self._at)
        while match:
            self._at = match.end()
            match = _IGNORED.match(self._text, self._at)
        return self._at < len(self._text)

    def _sign(self, text: str) -> Iterator[Sign]:
        sign = text.lstrip("0123456789")
        if sign in {"<<", "<<-"}:
            self._skip()
            self._awaited.append("".join(each.text for each in self._pieces()))
        elif sign == "\n":
            for delimiter in self._awaited:
                yield Sign("<<", self._heredoc(delimiter))
            self._awaited = []
            yield Sign(sign)
        else:
            yield Sign(sign)

    def _heredoc(self, delimiter: str) -> str:
        lines = []
        while self._at < len(self._text):
            end = self._text.find("\n", self._at)
            line = self._text[self._at : end if end >= 0 else len(self._text)]
            self._at = end + 1 if end >= 0 else len(self._text)
            if line.strip("\t") == delimiter:
                break
            lines.append(line)
        return "\n".join(lines)

    def _pieces(self) -> Iterator[Piece]:
        while self._at < len(self._text):
            char = self._text[self._at]
            if plain := _PLAIN.match(self._text, self._at):
                yield self._taken(plain, plain[0], quoted=False)
            elif char == "'":
                yield self._single_quoted()
            elif char == '"':
                self._at += 1
                # An empty pair of quotes is a word of its own.
                yield from (list(self.quoted_pieces('"')) or [Piece(Kind.TEXT, "", is_quoted=True)])
            elif char == "\\":
                yield self._escaped()
            elif char in "$`":
                yield self._expansion(quoted=False)
            else:
                return

    def _single_quoted(self) -> Piece:
        match = _SINGLE.match(self._text, self._at)
        if match is None:
            raise UnreadableCommandError("a quote is not closed")
        return self._taken(match, match[1], quoted=True)

    def _escaped(self) -> Piece:
        match = _ESCAPE.match(self._text, self._at)
        text = match[1] if match else ""
        self._at += 2
        return Piece(Kind.TEXT, "" if text == "\n" else text, is_quoted=text != "\n")

    def _quoted_piece(self) -> Piece:
        if plain := _IN_QUOTES.match(self._text, self._at):
            return self._taken(plain, plain[0], quoted=True)
        if escape := _QUOTED_ESCAPE.match(self._text, self._at):
            return self._taken(escape, escape[1].replace("\n", ""), quoted=True)
        if self._text[self._at] in '\\"':
            self._at += 1
            return Piece(Kind.TEXT, self._text[self._at - 1], is_quoted=True)
        return self._expansion(quoted=True)

    def _taken(self, match: re.Match[str], text: str, *, quoted: bool) -> Piece:
        self._at = match.end()
        return Piece(Kind.TEXT, text, quoted)

    def _expansion(self, *, quoted: bool) -> Piece:
        """Return what begins with a dollar or a backquote."""
        if self._text[self._at] == "`":
            return self._backquoted(quoted=quoted)
        opening = self._text[self._at + 1 : self._at + 2]
        if opening in _PAIRS:
            return self._enclosed(opening, quoted=quoted)
        if match := _NAME.match(self._text, self._at):
            self._at = match.end()
            return Piece(Kind.VARIABLE, match[1], quoted) if match[1] else Piece(Kind.TEXT, UNKNOWN, quoted)
        self._at += 1
        # $'…' and $"…" are quotes whose dollar says nothing here.
        return Piece(Kind.TEXT, "" if opening in {"'", '"'} and not quoted else "$", quoted)

    def _backquoted(self, *, quoted: bool) -> Piece:
        match = _BACKQUOTED.match(self._text, self._at)
        if match is None:
            raise UnreadableCommandError("a backquote is not closed")
        return self._taken(match, UNKNOWN, quoted=quoted)

    def _enclosed(self, opening: str, *, quoted: bool) -> Piece:
        inner = self._inside(opening)
        if opening == "(" and inner.startswith("(") and inner.endswith(")"):
            return Piece(Kind.ARITHMETIC, inner[1:-1], quoted)
        match = _BRACED.fullmatch(inner) if opening == "{" else None
        if match is None:
            return Piece(Kind.TEXT, UNKNOWN, quoted)
        return Piece(Kind.VARIABLE, match[1] + (match[2] or ""), quoted, match[3] or "", match[4] or "")

    def _inside(self, opening: str) -> str:
        """Return the text up to the bracket that closes, with brackets in it matched."""
        begin = self._at + 2
        closing, depth = _PAIRS[opening], 1
        for match in re.compile(rf"\\.|'[^']*'|[{opening}{closing}]", re.DOTALL).finditer(self._text, begin):
            depth += (match[0] == opening) - (match[0] == closing)
            if depth == 0:
                self._at = match.end()
                return self._text[begin : match.start()]
        raise UnreadableCommandError(f"${opening} is not closed")

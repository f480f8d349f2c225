"""Which branches of a shell script run, as far as its tests can be evaluated without running it.

A truth is true, false, or None where nobody knows. Grammar: POSIX.1-2017, Shell Command Language, 2.9.4, and `test`.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from placement.recognising.command_lines.words import UNKNOWN, Fields

Truth = bool | None

TESTS = frozenset({"[", "[[", "test"})
# They answer a question; anything else is expected to succeed.
_QUESTIONS = TESTS | frozenset(
    {
        "let",
        "false",
        "grep",
        "egrep",
        "fgrep",
        "zgrep",
        "pgrep",
        "which",
        "type",
        "hash",
        "mountpoint",
    }
)
_CLOSING = {"[": "]", "[[": "]]"}
_CONSTANTS = {"true": True, ":": True, "false": False}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {"=": operator.eq, "==": operator.eq, "!=": operator.ne}
_NUMBERS: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}


def truth(fields: Fields) -> Truth:
    """Return what a command of a test says: what looks at files or at what a program prints is not known."""
    name, words = fields[0], fields[1:]
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    if name not in TESTS or any(UNKNOWN in word for word in fields):
        return None
    if name in _CLOSING:
        if words[-1:] != (_CLOSING[name],):
            return None
        words = words[:-1]
    return _condition(words)


def asks(fields: Fields) -> bool:
    """Tell whether a command answers a question, so that what follows behind `&&` may as well not run."""
    return fields[0].rpartition("/")[2] in _QUESTIONS or fields[:2] == ("command", "-v")


def _condition(words: Fields) -> Truth:
    match words:
        case ("!", *rest) if rest:
            return _not(_condition(tuple(rest)))
        case ("-n", word):
            return bool(word)
        case ("-z", word):
            return not word
        case (left, sign, right) if sign in _TEXTS and not set("*?[") & set(right):
            return _TEXTS[sign](left, right)
        case (left, sign, right) if sign in _NUMBERS and _is_number(left) and _is_number(right):
            return _NUMBERS[sign](int(left), int(right))
    return None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < len("1000000000")


@dataclass(slots=True)
class _Branch:
    """One `if` or `case`: whether it runs itself, what its last test said, whether an earlier branch ran, or this one.

    `subject` is the word of a `case`, its patterns are tests.
    """

    within: Truth
    said: Truth = None
    subject: str | None = None
    was_taken: Truth = False
    runs: Truth = True
    in_test: bool = True


@dataclass(slots=True)
class Branches:
    """All that a script has opened and not yet closed."""

    _open: list[_Branch] = field(default_factory=list)

    @property
    def run(self) -> Truth:
        """Whether what stands here runs."""
        return _and(self._open[-1].within, self._open[-1].runs) if self._open else True

    @property
    def awaits_pattern(self) -> bool:
        """Whether the next words are patterns of a `case`."""
        return bool(self._open) and self._open[-1].in_test and self._open[-1].subject is not None

    def enter(self, word: str) -> None:
        """Go on behind a reserved word, or behind `;;`."""
        if word == "if":
            self._open.append(_Branch(self.run))
        elif self._open:
            self._turn(self._open[-1], word)

    def enter_case(self, subject: str) -> None:
        """Go on behind `case subject in`."""
        self._open.append(_Branch(self.run, said=False, subject=subject))

    def match(self, pattern: str) -> None:
        """Note one pattern of a `case`."""
        branch = self._open[-1]
        is_known = UNKNOWN not in pattern and UNKNOWN not in (branch.subject or "")
        said = fnmatchcase(branch.subject or "", pattern) if is_known else pattern == "*" or None
        branch.said = _or(branch.said, said)

    def _turn(self, branch: _Branch, word: str) -> None:
        match word:
            case "then":
                branch.runs, branch.in_test = _and(_not(branch.was_taken), branch.said), False
            case "elif" | "else":
                branch.was_taken = _or(branch.was_taken, branch.said)
                branch.runs, branch.in_test, branch.said = _not(branch.was_taken), word == "elif", None
            case ";;" if branch.subject is not None:
                branch.was_taken = _or(branch.was_taken, branch.said)
                branch.runs, branch.in_test, branch.said = True, True, False
            case "fi" | "esac":
                self._open.pop()

    def test(self, said: Truth, before: str) -> None:
        """Note what a command says that stands between `if` and `then`, behind an operator such as `&&`."""
        if not self._open or not self._open[-1].in_test:
            return
        branch = self._open[-1]
        if before == "&&":
            branch.said = _and(branch.said, said)
        elif before == "||":
            branch.said = _or(branch.said, said)
        else:
            branch.said = said


def _not(one: Truth) -> Truth:
    return None if one is None else not one


def _and(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return None if None in (one, other) else True


def _or(one: Truth, other: Truth) -> Truth:
    return _not(_and(_not(one), _not(other)))

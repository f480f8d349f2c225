"""Which programs a shell script starts, with their arguments, found without running it.

The script is read from top to bottom as if every branch ran that may run; what a branch assigns that may as well not
run is unknown afterwards.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from placement.recognising.command_lines.branches import Branches, asks, truth
from placement.recognising.command_lines.expansion import Variables
from placement.recognising.command_lines.lexing import Kind, Word, tokens
from placement.recognising.command_lines.statements import ASSIGNMENT, Statement, statements
from placement.recognising.command_lines.words import UNKNOWN, Fields, Invocation, Room, UnreadableCommandError

_SHELL = re.compile(r"(?:.*/)?(?:ba|da|a|z|k)?sh")
_SCRIPT_FLAG = re.compile(r"-[a-zA-Z]*c[a-zA-Z]*")
# What an arithmetic command changes: `i++`, `n *= 2`, and no comparison.
_COMPUTED = re.compile(
    r"([A-Za-z_]\w*)(?:\[[^]]*\])?\s*(?:\+\+|--|(?:<<|>>|[-+*/%&|^])?=(?!=))|(?:\+\+|--)\s*([A-Za-z_]\w*)", re.ASCII
)
_MAX_DEPTH = 6
# Platforms write scripts of some kilobytes; this one is read in a tenth of a second at worst.
_MAX_SCRIPT = 2**14
# How many words of its own a wrapper may have; Dynamo hands each variable to mpirun in two.
_MAX_WRAPPER = 160
# Nobody wraps a longer command line than this.
_MAX_WRAPPED = 4_096
# They start what stands behind them.
_WRAPPER = re.compile(
    r"(?:.*/)?(?:exec|nohup|numactl|env|nice|ionice|taskset|chrt|timeout|stdbuf|setsid|time|tini|dumb-init|catatonit"
    r"|sudo|gosu|su-exec|opentelemetry-instrument|ddtrace-run|mpirun|mpiexec|trtllm-llmapi-launch|nsys|ncu|uv|poetry|conda|micromamba|command|strace|ray"
    r"|[^/]*entrypoint\.sh)"
)

_OPENING = frozenset({"for", "while", "until", "select"})
_CLOSING = frozenset({"done"})
_RESERVED = _CLOSING | {
    "function",
    "then",
    "else",
    "elif",
    "fi",
    "esac",
    "do",
    "{",
    "}",
    "!",
    "time",
    "if",
    "while",
    "until",
}
_LOOPING = frozenset({"for", "select"})
_NEXT_CASE = frozenset({";;", ";&", ";;&"})
_DECLARING = frozenset({"export", "declare", "local", "readonly", "typeset"})
_SOURCING = frozenset({"source", "."})


def script_position(words: Fields) -> int | None:
    """Return where the script of a shell's `-c` stands among its words, or None where they start no such shell."""
    if not words or not _SHELL.fullmatch(words[0]):
        return None
    for position, word in enumerate(words[1:], start=1):
        if words[position - 1][-1:] in {"o", "O"} and words[position - 1][:1] in {"-", "+"}:
            # `-o pipefail`: the name of an option.
            continue
        if _SCRIPT_FLAG.fullmatch(word) and not word.startswith("--"):
            # `sh -c -- script`, as KubeRay writes it; other options may stand between.
            rest = enumerate(words[position + 1 :], start=position + 1)
            return next((at for at, each in rest if not each.startswith("-")), None)
        if not word.startswith(("-", "+")):
            return None
    return None


def programs(started: Invocation, room: Room, depth: int = 0) -> Iterator[Invocation]:
    """Yield each program that is started, in order, wrappers and shells opened; raises UnreadableCommandError."""
    if depth > _MAX_DEPTH:
        raise UnreadableCommandError("shells are nested too deeply")
    for words in unwrapped(started.words):
        position = script_position(words)
        if position is None:
            yield replace(started, words=words)
            continue
        zeroth = next(iter(words[position + 1 :]), "sh")
        variables = Variables(dict(started.variables), room, words[position + 2 :], zeroth, started.has_unseen_env)
        for each in _Script(variables, depth).run(words[position]):
            yield from programs(each, room, depth + 1)
        # What stands behind a script are its arguments.
        return


def unwrapped(words: Fields) -> Iterator[Fields]:
    """Yield the words, and where they begin with a program that starts another one, what may be that one."""
    yield words
    if words and len(words) <= _MAX_WRAPPED and _WRAPPER.fullmatch(words[0]):
        yield from (words[at:] for at in range(1, min(len(words), _MAX_WRAPPER)))


class _Script:
    """One script at work: its variables, the files that it wrote, and how deep in loops and conditions it is."""

    def __init__(self, variables: Variables, depth: int) -> None:
        self._variables = variables
        self._depth = depth
        self._loops = 0
        self._branches = Branches()
        self._tested = False
        self._files: dict[str, str] = {}

    def run(self, script: str) -> Iterator[Invocation]:
        if len(script) > _MAX_SCRIPT:
            raise UnreadableCommandError("the script is too long")
        for statement in statements(tokens(script)):
            yield from self._simple_command(statement)

    def _simple_command(self, statement: Statement) -> Iterator[Invocation]:
        if statement.before in _NEXT_CASE:
            self._branches.enter(";;")
        if self._branches.awaits_pattern and statement.words and _bare(statement.words[0]) != "esac":
            self._match(statement.words, statement)
            return
        first = self._skip_reserved(statement)
        if first is None:
            return
        runs = self._branches.run
        if runs is False:
            return
        may_be_skipped = statement.before == "||" or (self._tested and statement.before == "&&")
        is_conditional = runs is None or self._loops > 0 or may_be_skipped
        position = self._assign(statement, first, is_conditional=is_conditional)
        fields = [text for word in statement.words[position:] for text in self._variables.fields(word)]
        if fields:
            self._note_test(tuple(fields), statement, first)
            yield from self._builtin(tuple(fields), statement, position, is_conditional=is_conditional)

    def _note_test(self, fields: Fields, statement: Statement, first: int) -> None:
        is_negated = "!" in map(_bare, statement.words[:first])
        said = truth(fields) if self._variables.settle(statement.words[first:]) else None
        self._branches.test(not said if is_negated and said is not None else said, statement.before)
        self._tested = asks(fields) or (self._tested and statement.before in {"&&", "||"})

    def _match(self, patterns: Iterable[Word], statement: Statement) -> None:
        """Take words as patterns of a `case`, of which `|` parts one from the next."""
        for word in patterns:
            self._branches.match(self._variables.text(word))
        if statement.after == ")":
            self._branches.enter("then")

    def _skip_reserved(self, statement: Statement) -> int | None:
        """Return where the command begins behind reserved words, or None where there is none to run."""
        for position, word in enumerate(statement.words):
            name = _bare(word)
            self._branches.enter(name)
            self._loops += (name in _OPENING) - (name in _CLOSING)
            if name == "case":
                subject, patterns = statement.words[position + 1 : position + 2], statement.words[position + 3 :]
                known = "".join(map(self._variables.text, subject)) if self._variables.settle(subject) else UNKNOWN
                self._branches.enter_case(known)
                self._match(patterns, statement)
                return None
            if name in _LOOPING:
                self._forget(statement.words[position + 1 : position + 2])
                self._forget_computed(map(self._variables.text, statement.words[position + 1 :]))
                return None
            is_function = position > 0 and _bare(statement.words[position - 1]) == "function"
            if name not in _RESERVED and not is_function:
                return position
        return None

    def _forget(self, words: Iterable[Word]) -> None:
        self._variables.values |= {name: (UNKNOWN,) for word in words if (name := _bare(word))}

    def _forget_computed(self, expressions: Iterable[str]) -> None:
        names = (match[1] or match[2] for text in expressions for match in _COMPUTED.finditer(text))
        self._variables.values |= dict.fromkeys(names, (UNKNOWN,))

    def _keep_defaults(self, words: Iterable[Word], *, is_conditional: bool) -> None:
        """Assign what `${name:=default}` assigns."""
        for piece in (piece for word in words for piece in word.pieces if piece.operator in {"=", ":="}):
            new = (self._variables.text(Word((piece,))),)
            if new != self._variables.value(piece.text):
                self._variables.values[piece.text] = (UNKNOWN,) if is_conditional else new

    def _assign(self, statement: Statement, first: int, *, is_conditional: bool) -> int:
        """Carry out the assignments at the beginning; return where the command behind them begins.

        What stands before a command holds for that command alone, but seldom anything else follows it.
        """
        for position, word in enumerate(statement.words[first:], start=first):
            if not self._assigned(word, statement.arrays.get(position), is_conditional=is_conditional):
                return position
        return len(statement.words)

    def _assigned(self, word: Word, array: list[Word] | None, *, is_conditional: bool) -> bool:
        """Carry out one assignment; tell whether the word is one."""
        head = word.pieces[0] if word.pieces else None
        match = ASSIGNMENT.match(head.text) if head and head.kind is Kind.TEXT and not head.is_quoted else None
        if match is None:
            return False
        name, appends = match[1], bool(match[2])
        new: Fields = (self._variables.text(word)[match.end() :],)
        if array is not None:
            new = tuple(text for each in array for text in self._variables.fields(each))
        old = self._variables.value(name) or ()
        if appends:
            new = old + new if array is not None else ("".join(old[:1]) + new[0], *old[1:])
        if is_conditional and new != old:
            new = (*old, UNKNOWN) if appends else (UNKNOWN,)
        self._variables.values[name] = new
        return True

    def _builtin(
        self, fields: Fields, statement: Statement, position: int, *, is_conditional: bool
    ) -> Iterator[Invocation]:
        """Carry out what changes the script itself; yield everything else."""
        match fields[0]:
            case name if name in _DECLARING:
                for at, word in enumerate(statement.words[position + 1 :], start=position + 1):
                    self._assigned(word, statement.arrays.get(at), is_conditional=is_conditional)
            case ":":
                self._keep_defaults(statement.words[position + 1 :], is_conditional=is_conditional)
            case "read":
                self._forget(statement.words[position + 1 :])
            case "eval":
                yield from self._nested(" ".join(fields[1:]))
            case _:
                if not self._changes_variables(fields):
                    yield from self._program(fields, statement)

    def _changes_variables(self, fields: Fields) -> bool:
        """Carry out a command that changes variables or arguments by its fields alone; tell whether it is one."""
        match fields[0]:
            case "let":
                self._forget_computed(fields[1:])
            case "unset":
                for name in fields[1:]:
                    self._variables.values.pop(name, None)
            case "set" if "--" in fields:
                self._variables.arguments = fields[fields.index("--") + 1 :]
            case "shift":
                count = "".join(fields[1:2])
                self._variables.arguments = self._variables.arguments[int(count[:4]) if count.isdecimal() else 1 :]
            case _:
                return False
        return True

    def _program(self, fields: Fields, statement: Statement) -> Iterator[Invocation]:
        is_shell = _SHELL.fullmatch(fields[0]) is not None
        if statement.body is not None and is_shell and script_position(fields) is None:
            yield from self._nested(statement.body)
        elif statement.body is not None:
            self._write(fields, statement)
        started = fields[1:2] if is_shell or fields[0] in _SOURCING else fields[:1]
        if started and _path(started[0]) in self._files:
            yield from self._nested(self._files[_path(started[0])])
        yield Invocation(fields, self._variables.values, self._variables.has_unseen, in_shell=True)

    def _write(self, fields: Fields, statement: Statement) -> None:
        """Keep what `cat > file` or `tee file` write of a here-document: it may be started further down."""
        written = fields[1:] if fields[0] == "tee" else ()
        if fields[0] == "cat" and statement.target:
            written = (self._variables.text(statement.target),)
        self._files |= {_path(name): statement.body or "" for name in written}

    def _nested(self, script: str) -> Iterator[Invocation]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnreadableCommandError("scripts are nested too deeply")
        yield from self.run(script)
        self._depth -= 1


def _path(text: str) -> str:
    return text.removeprefix("./")


def _bare(word: Word) -> str:
    """Return a word that is plain text without quotes, or nothing."""
    piece = word.pieces[0] if len(word.pieces) == 1 else None
    return piece.text if piece and piece.kind is Kind.TEXT and not piece.is_quoted else ""

"""Grammars of command lines as tables: which options an engine knows, under which names, and what they mean.

A grammar need not list every option: an unknown one takes the next word as its value unless that is an option too.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from functools import cached_property

from placement.recognising.command_lines.words import UNKNOWN, Fields


class Meaning(StrEnum):
    """What an option means to every engine that has it; the value is the name under which it is compared."""

    MODEL = "--model"
    MODEL_DIRECTORY = "--model-dir"
    SERVED_NAME = "--served-model-name"
    REVISION = "--revision"
    TENSOR_PARALLEL = "--tensor-parallel-size"
    PIPELINE_PARALLEL = "--pipeline-parallel-size"
    DATA_PARALLEL = "--data-parallel-size"
    DATA_PARALLEL_LOCAL = "--data-parallel-size-local"
    DATA_PARALLEL_RANK = "--data-parallel-rank"
    DATA_PARALLEL_ATTENTION = "--enable-dp-attention"
    PREFILL_CONTEXT_PARALLEL = "--prefill-context-parallel-size"
    DECODE_CONTEXT_PARALLEL = "--decode-context-parallel-size"
    EXPERT_PARALLEL = "--enable-expert-parallel"
    NODES = "--nnodes"
    NODE_RANK = "--node-rank"
    HEADLESS = "--headless"
    SHARDED = "--sharded"
    MAX_LENGTH = "--max-model-len"
    MEMORY_SHARE = "--gpu-memory-utilization"
    QUANTIZATION = "--quantization"
    DTYPE = "--dtype"
    KV_CACHE_DTYPE = "--kv-cache-dtype"
    SPECULATION = "--speculative-config"
    CONFIG_FILE = "--config"


class Arity(Enum):
    """How many words an option takes behind it."""

    NONE = auto()
    ONE = auto()
    MAYBE = auto()
    MANY = auto()


@dataclass(frozen=True, slots=True)
class Option:
    """An option under all its names; the first is the long one that its engine documents."""

    names: tuple[str, ...]
    arity: Arity = Arity.ONE
    meaning: Meaning | None = None

    @property
    def canonical(self) -> str:
        """The name under which options of all engines are compared."""
        return self.meaning or self.names[0]


def options(meant: Mapping[Meaning, str], valued: str = "", switches: str = "", lists: str = "") -> tuple[Option, ...]:
    """Return options from their names: those with a meaning, and those of which only the arity is known.

    The names of one meaning end in `?` where its value may be left out, `*` where it takes many, `!` where none.
    """
    known = [_option(names, meaning) for meaning, names in meant.items()]
    rest = ((valued, Arity.ONE), (switches, Arity.NONE), (lists, Arity.MANY))
    return (*known, *(Option((name,), arity) for names, arity in rest for name in names.split()))


_ARITIES = {"?": Arity.MAYBE, "*": Arity.MANY, "!": Arity.NONE}


def _option(text: str, meaning: Meaning) -> Option:
    return Option(tuple(text.rstrip("?*!").split()), _ARITIES.get(text[-1], Arity.ONE), meaning)


def plain(flag: str) -> str:
    """Return a flag's name without its value, with hyphens, and without a negation."""
    name = flag.partition("=")[0].replace("_", "-")
    return "--" + name[len("--no-") :] if name.startswith("--no-") else name


def is_flag(word: str) -> bool:
    """Tell whether a word is a flag and no value: `-1` is a number."""
    return word.startswith("-") and word != "-" and not (word[1:2].isdigit() or word[1:3] == ".5")


@dataclass(frozen=True)
class Grammar:
    """What an engine accepts: options, one positional word, and variables that stand for options.

    `abbreviates`: any unique beginning of a long option will do, as Python's argparse has it. `env_prefix`: every
    option may also stand in the environment, in capitals behind it; `env` are variables of other names.
    """

    options: tuple[Option, ...] = ()
    takes_model: bool = False
    abbreviates: bool = False
    env_prefix: str | None = None
    env: Mapping[str, Meaning] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[str, Option]:
        return {name: each for each in self.options for name in each.names}

    @cached_property
    def _names(self) -> list[str]:
        return sorted(self._by_name)

    def option(self, flag: str) -> Option | None:
        """Return the option that a flag names, or None where this table does not know it."""
        found = self._by_name.get(flag.partition("=")[0]) or self._by_name.get(plain(flag))
        if found or not flag.startswith("--"):
            return found
        name = plain(flag)
        base = self._by_name.get(name.partition(".")[0])
        if base or not self.abbreviates:
            return base
        meant = {id(each): each for each in self._beginning_with(name)}
        return next(iter(meant.values())) if len(meant) == 1 else None

    def _beginning_with(self, name: str) -> Iterator[Option]:
        names = self._names
        for position in range(bisect_left(names, name), len(names)):
            if not names[position].startswith(name):
                return
            yield self._by_name[names[position]]

    def canonical(self, flag: str) -> str:
        """Return one name for all spellings of a flag, the same for every engine where the meaning is the same."""
        found = self.option(flag)
        if found:
            return found.canonical
        name = plain(flag)
        return ANYBODYS.get(name, name) if name.startswith("--") or self is UNKNOWN_GRAMMAR else name


@dataclass(frozen=True, slots=True)
class Given:
    """What a command line gives: the words of each option by canonical name (the last wins), and the other words.

    `is_whole` tells that no part of it is hidden in something that only exists when the container runs.
    """

    values: Mapping[str, Fields] = field(default_factory=dict)
    words: Fields = ()
    is_whole: bool = True


def parse(words: Iterable[str], grammar: Grammar) -> Given:
    """Return what words give by a grammar; whatever they are, they give something."""
    values: dict[str, Fields] = {}
    others: list[str] = []
    is_whole = True
    for group in flag_groups(words):
        name, taken, left = _meant(group, grammar)
        if name:
            values[name] = taken
        is_whole = is_whole and UNKNOWN not in left and UNKNOWN not in group[0].partition("=")[0]
        others += (each for each in left if UNKNOWN not in each)
    return Given(values, tuple(others), is_whole)


def from_environment(names: Iterable[str], grammar: Grammar) -> Iterator[tuple[str, str]]:
    """Yield the variables that stand for options, each with the option's canonical name."""
    prefix = grammar.env_prefix
    for name in names:
        if name in grammar.env:
            yield name, grammar.env[name]
        elif prefix is not None and name.startswith(prefix):
            yield name, grammar.canonical("--" + name.removeprefix(prefix).lower())


def _meant(group: Fields, grammar: Grammar) -> tuple[str, Fields, Fields]:
    """Return the canonical name of a flag, the words it takes, and the words behind them."""
    flag, words = group[0], group[1:]
    if not is_flag(flag):
        return "", (), group
    if flag == "--":
        return "", (), words
    name, equals, value = flag.partition("=")
    option = grammar.option(name)
    is_negated = plain(name) != name.replace("_", "-")
    if equals:
        return grammar.canonical(name), (value,), words
    if is_negated:
        return grammar.canonical(name), ("false",), words
    arity = option.arity if option else Arity.MAYBE
    if option and "." in name:
        arity = Arity.ONE
    count = {Arity.NONE: 0, Arity.MANY: len(words)}.get(arity, min(len(words), 1))
    return grammar.canonical(name), words[:count], words[count:]


def flag_groups(words: Iterable[str]) -> Iterator[Fields]:
    """Split words into flags, each with all words up to the next: `--a 1 --b=2` gives (`--a`, `1`) and (`--b=2`,)."""
    group: list[str] = []
    for word in words:
        if group and is_flag(word):
            yield tuple(group)
            group = []
        group.append(word)
    if group:
        yield tuple(group)


# What nobody but the engine could tell apart by name: long names that mean the same wherever they occur.
_SAME = {
    Meaning.TENSOR_PARALLEL: "--tp-size --tp -tp --num-shard",
    Meaning.PIPELINE_PARALLEL: "--pp-size --pp -pp",
    Meaning.DATA_PARALLEL: "--dp-size --dp -dp",
    Meaning.EXPERT_PARALLEL: "--ep-size --ep -ep",
    Meaning.MAX_LENGTH: "--context-length --max-seq-len --max-total-tokens --ctx-size",
    Meaning.MEMORY_SHARE: "--mem-fraction-static --kv-cache-free-gpu-memory-fraction --free-gpu-memory-fraction "
    "--cuda-memory-fraction",
    Meaning.QUANTIZATION: "--quantize -q",
    Meaning.MODEL: "--model-path --model-id",
    Meaning.SPECULATION: "-sc",
}
ANYBODYS = {name: str(meaning) for meaning, names in _SAME.items() for name in names.split()} | {
    "-n": str(Meaning.NODES),
    "-r": str(Meaning.NODE_RANK),
}
UNKNOWN_GRAMMAR = Grammar()

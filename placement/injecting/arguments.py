"""How the flags of a configuration reach an engine: what its author gave stays, under whatever name it was given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from placement.pods import Container, EnvVar
from placement.recognising.command_lines.engine_commands import engine_command, opens_shell
from placement.recognising.command_lines.engines import has_default_args
from placement.recognising.command_lines.flags import given_flags
from placement.recognising.command_lines.options import Grammar, flag_groups, is_flag
from placement.recognising.command_lines.words import Fields

# KServe's scripts put the words of this variable behind their own.
_ADDITIONAL = "VLLM_ADDITIONAL_ARGS"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What is done with flags.

    `appended` go behind the container's own args, `variables` carry them where only the environment reaches the engine,
    `command` and `args` are lists as they will stand where flags were replaced (None: as they are), `lost` cannot be
    passed.
    """

    appended: Fields = ()
    variables: tuple[EnvVar, ...] = ()
    command: Fields | None = None
    args: Fields | None = None
    lost: Fields = ()


NO_ARGUMENTS = Arguments()


def arguments(container: Container, wanted: Fields, runtimes: frozenset[Fields]) -> Arguments:
    """Return how wanted flags reach the engine of a container.

    A flag that is given already, under any alias or negation, stays; one that stands as the container's runtime gave it
    (`runtimes`) is replaced where it stands.
    """
    if not wanted:
        return NO_ARGUMENTS
    if not takes_args(container):
        return _by_environment(container, missing_args(container, wanted))
    missing = missing_args(container, wanted)
    if not runtimes:
        return Arguments(missing)
    grammar = engine_command(container).grammar
    replacing = {grammar.canonical(group[0]): group for group in flag_groups(wanted) if is_flag(group[0])}
    command = _replaced(grammar, container.command, replacing, runtimes)
    args = _replaced(grammar, container.args, replacing, runtimes)
    return Arguments(missing, command=command, args=args)


def takes_args(container: Container) -> bool:
    """Tell whether arguments behind the container's own reach the engine.

    They do behind an image's entrypoint and behind a known engine's command, not behind a shell script, nor in place of
    an image's own arguments; behind an unknown command nobody knows what they would mean.
    """
    if opens_shell(container):
        return False
    if container.command:
        return engine_command(container).serves_model
    return bool(container.args) or not has_default_args(container.image)


def missing_args(container: Container, wanted: Iterable[str]) -> Fields:
    """Return the flags with their values that the author did not give under any name."""
    given, grammar = given_flags(container), engine_command(container).grammar
    words = {*container.command, *container.args}
    groups = (group for group in flag_groups(wanted) if not _is_given(group[0], grammar, given, words))
    return tuple(word for group in groups for word in group)


def _is_given(word: str, grammar: Grammar, given: frozenset[str], words: set[str]) -> bool:
    return grammar.canonical(word) in given if is_flag(word) else word in words


def _replaced(
    grammar: Grammar, words: Fields, replacing: dict[str, Fields], runtimes: frozenset[Fields]
) -> Fields | None:
    """Return the words with the runtime's flags replaced, or None where nothing changes."""
    groups = [
        replacing.get(grammar.canonical(group[0]), group) if group in runtimes else group
        for group in flag_groups(words)
    ]
    result = tuple(word for group in groups for word in group)
    return None if result == words else result


def _by_environment(container: Container, missing: Fields) -> Arguments:
    """Carry flags in variables: a script's own for more words, or those that stand for the engine's options."""
    if not missing:
        return NO_ARGUMENTS
    present = {each.name for each in container.env}
    if any(_ADDITIONAL in word for word in (*container.command, *container.args)) and _ADDITIONAL not in present:
        return Arguments(variables=(EnvVar(_ADDITIONAL, " ".join(missing)),))
    prefix = engine_command(container).grammar.env_prefix
    if prefix is None:
        return Arguments(lost=missing)
    return Arguments(variables=tuple(_variables(prefix, missing)))


def _variables(prefix: str, flags: Fields) -> Iterator[EnvVar]:
    for group in flag_groups(flags):
        name, _, value = group[0].partition("=")
        text = value or " ".join(group[1:]) or "true"
        yield EnvVar(prefix + name.lstrip("-").replace("-", "_").upper(), text)

"""Words of a command line, some of which cannot be known when a pod is created, and Kubernetes' own expansion of them.

Sizes are bounded as the kernel bounds them, so that no pod can make an expansion grow without limit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from placement.pods import Container

# Stands for text that only exists when the container runs. No command line can hold this character itself.
UNKNOWN = "\0"
# Linux: MAX_ARG_STRLEN is 32 pages for one string, and a command line is seldom allowed more than 2 MiB.
MAX_WORD = 2**17
MAX_COMMAND_LINE = 2**21

Fields = tuple[str, ...]

_REFERENCE = re.compile(r"\$(?:\$|\(([-._A-Za-z0-9]+)\))")


class UnreadableCommandError(ValueError):
    """A command line is broken, or too large to be one."""


class Room:
    """How much text may still be made of one container's command line."""

    def __init__(self, characters: int = MAX_COMMAND_LINE) -> None:
        self._characters = characters

    def take(self, text: str) -> str:
        """Return the text, for which there must be room; raises UnreadableCommandError."""
        self._characters -= len(text) + 1
        if self._characters < 0 or len(text) > MAX_WORD:
            raise UnreadableCommandError("the words are too long for a command line")
        return text


@dataclass(frozen=True, slots=True)
class Invocation:
    """One program that is started: its words, and the variables it sees, each a list of fields.

    `has_unseen_env` tells that the environment holds more than is listed; `in_shell` that a script starts it.
    """

    words: Fields
    variables: Mapping[str, Fields]
    has_unseen_env: bool = False
    in_shell: bool = False

    def variable(self, name: str) -> str | None:
        """Return the value of a variable, or None where it is not set."""
        fields = self.variables.get(name)
        return None if fields is None else " ".join(fields)


def invocation(container: Container, room: Room) -> Invocation:
    """Return what kubelet starts, with `$(NAME)` expanded; raises UnreadableCommandError."""
    env = _environment(container)
    words = tuple(room.take(_expanded(word, env)) for word in (*container.command, *container.args))
    return Invocation(words, {name: (value,) for name, value in env.items()}, container.has_unseen_env)


def _environment(container: Container) -> dict[str, str]:
    """Return the variables; each sees those above it, and what comes from a reference is unknown."""
    env: dict[str, str] = {}
    room = MAX_COMMAND_LINE
    for each in container.env:
        value = UNKNOWN if each.value is None else each.value
        if "$" in value:
            value = _expanded(value, env) if room > 0 else UNKNOWN
            room -= len(value)
        env[each.name] = value
    return env


def _expanded(text: str, env: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the variable exists, and `$$` by `$`; the rest stays (k8s.io/kubernetes expansion)."""
    if "$" not in text:
        return text
    parts = []
    end = length = 0
    for match in _REFERENCE.finditer(text):
        name = match[1]
        value = "$" if name is None else env.get(name, match[0])
        parts += [text[end : match.start()], value]
        end = match.end()
        length += len(value)
        if length > MAX_WORD:
            return UNKNOWN
    return "".join([*parts, text[end:]])

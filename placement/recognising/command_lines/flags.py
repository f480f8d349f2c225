"""Which flags a container's author gave, under any name of the engine that it runs."""

from placement.pods import Container
from placement.recognising.command_lines.engine_commands import engine_command
from placement.recognising.command_lines.options import UNKNOWN_GRAMMAR, is_flag


def given_flags(container: Container) -> frozenset[str]:
    """Return the canonical flags that the author gave, on the command line or in the engine's environment."""
    found = engine_command(container)
    if found.engine:
        return found.flags
    words = (*container.command, *container.args)
    return frozenset(UNKNOWN_GRAMMAR.canonical(word) for word in words if is_flag(word))

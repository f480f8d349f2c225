"""What the programs of one container are: engines, programs that serve beside one, and models that they fetch."""

import re
from dataclasses import dataclass, field

from placement.pods import Container
from placement.recognising.command_lines.engines import Engine, image_words, runs_beside, started_engine
from placement.recognising.command_lines.options import is_flag
from placement.recognising.command_lines.shell import programs
from placement.recognising.command_lines.words import UNKNOWN, Fields, Invocation, Room, invocation

# What a request to Ollama's interface names.
_REQUESTED = re.compile(r'"(?:name|model)"\s*:\s*"([^"]+)"')

# A request has no more words.
_MAX_WORDS = 64


@dataclass(slots=True)
class Findings:
    """What was found so far: `engines` with the words behind their heads, `pulled` models, and whether any is idle."""

    engines: list[tuple[Engine, Fields, Invocation]] = field(default_factory=list)
    pulled: list[str] = field(default_factory=list)
    is_idle: bool = False

    def take(self, line: Invocation) -> None:
        """Note which engine a program is, or which model it fetches."""
        start, pulled = started_engine(line.words), _pulled(line.words)
        # `ollama run` beside `ollama serve` only asks it for a model.
        if start and not (pulled and self.engines):
            # A running script goes on to change its variables.
            kept = Invocation(line.words, dict(line.variables), line.has_unseen_env, line.in_shell)
            self.engines.append((*start, kept))
        self.is_idle = self.is_idle or runs_beside(line.words)
        self.pulled += (word for word in pulled if UNKNOWN not in word)


def findings(container: Container) -> Findings:
    """Return what a container's programs are, in order; raises UnreadableCommandError."""
    room = Room()
    started = invocation(container, room)
    found, hook = Findings(), Findings()
    for each in programs(started, room):
        found.take(each)
    if not found.engines and not container.command:
        words = image_words(container.image, started.words)
        if words is not None:
            found.take(Invocation(words, started.variables, started.has_unseen_env))
    for each in programs(Invocation(container.after_start, started.variables), room):
        hook.take(each)
    found.pulled += hook.pulled
    return found


def _pulled(words: Fields) -> Fields:
    """Return the models that a program makes Ollama fetch."""
    words = words[:_MAX_WORDS]
    name = words[0].rpartition("/")[2] if words else ""
    if name == "ollama" and words[1:2] in (("pull",), ("run",)):
        return next(((word,) for word in words[2:] if not is_flag(word)), ())
    if name == "curl" and any(word.endswith("/api/pull") for word in words):
        return tuple(match[1] for word in words for match in _REQUESTED.finditer(word))
    return ()

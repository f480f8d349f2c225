"""What the doctor finds: each in a sentence, with what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do where it is not as it should be."""

    level: Level
    what: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        advice = f"\n         do: {self.remedy}" if self.remedy else ""
        return f"{self.level.value:<8} {self.what}: {self.found}{advice}"


def fine(what: str, found: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, what, found)


def warning(what: str, found: str, remedy: str) -> Finding:
    """Return that something may do harm."""
    return Finding(Level.WARNING, what, found, remedy)


def problem(what: str, found: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.PROBLEM, what, found, remedy)

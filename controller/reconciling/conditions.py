"""Conditions of a class or a profile: what is judged of it, and what becomes of those that stand there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

READY = "Ready"

# Of the 32,768 characters that the API allows: what a person reads of an object's status.
MAX_MESSAGE = 4096

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is found of one object in one respect: `reason` is a word in CamelCase, `message` is for people.

    A condition that `is_absent` is to stand no longer.
    """

    type: str
    holds: bool
    reason: str
    message: str
    is_absent: bool = False

    @classmethod
    def absent(cls, kind: str) -> "Judgement":
        """Return that there is nothing to say in a respect."""
        return cls(kind, holds=False, reason="", message="", is_absent=True)


def readiness(problems: Sequence[str]) -> Judgement:
    """Return whether an object with these problems is in force, and if not, why."""
    reason = "InvalidSelector" if any(each.startswith("spec.discovery") for each in problems) else "InvalidObject"
    message = "; ".join(problems) or "It is in force."
    return Judgement(READY, not problems, reason if problems else "Valid", message)


def succession(
    conditions: Sequence[Condition], judgements: Iterable[Judgement], generation: int, now: datetime
) -> list[Condition] | None:
    """Return the conditions with the judgements in the places of their predecessors, or None where they say the same.

    Conditions of other types belong to others and stay. `lastTransitionTime` is that of the last change of status.
    """
    told = {each.get("type"): each for each in conditions}
    after = dict(told)
    for each in judgements:
        if each.is_absent:
            after.pop(each.type, None)
        else:
            after[each.type] = _condition(each, told.get(each.type, {}), generation, now)
    return None if after == told else list(after.values())


def _condition(judgement: Judgement, old: Condition, generation: int, now: datetime) -> Condition:
    said = {
        "type": judgement.type,
        "status": "True" if judgement.holds else "False",
        "reason": judgement.reason,
        "message": _cut(judgement.message),
        "observedGeneration": generation,
    }
    if all(old.get(key) == value for key, value in said.items()):
        return old
    since = old.get("lastTransitionTime") if old.get("status") == said["status"] else None
    return {**said, "lastTransitionTime": since or now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _cut(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 1]}…"

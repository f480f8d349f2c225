"""The condition `Ready` of a class or a profile: whether it is in force, and if not, why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

TYPE = "Ready"

Condition = Mapping[str, Any]


def judged(problems: Sequence[str], generation: int) -> Condition:
    """Return the condition of an object with these problems, without a time."""
    reason = "InvalidSelector" if any(each.startswith("spec.discovery") for each in problems) else "InvalidObject"
    return {
        "type": TYPE,
        "status": "False" if problems else "True",
        "reason": reason if problems else "Valid",
        "message": "; ".join(problems) or "It is in force.",
        "observedGeneration": generation,
    }


def succession(conditions: Sequence[Condition], judgement: Condition, now: datetime) -> list[Condition] | None:
    """Return the conditions with the judgement in the place of its predecessor, or None where it says the same.

    Conditions of other types belong to others and stay. `lastTransitionTime` is that of the last change of status.
    """
    old = next((each for each in conditions if each.get("type") == TYPE), {})
    if all(old.get(key) == value for key, value in judgement.items()):
        return None
    since = old.get("lastTransitionTime") if old.get("status") == judgement["status"] else None
    new = {**judgement, "lastTransitionTime": since or now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return [*(each for each in conditions if each.get("type") != TYPE), new]

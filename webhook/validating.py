"""The journey of a class or profile that somebody writes: what speaks against it, and what its author is warned of."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import compress
from time import perf_counter

from cluster.api import ApiError
from cluster.custom_objects import CustomObject, decode_custom_object
from cluster.linting import findings_of_class, findings_of_profile, unseen_classes
from cluster.shapes import MalformedObject
from placement.linting.findings import Findings, Surroundings
from webhook.observers import Fault
from webhook.ports import KnowledgeOfClasses
from webhook.validation_observers import Check, Kind, ValidationEvent, ValidationObservers
from webhook.wire import Question, allowed, denied

_LOG = logging.getLogger("berth.webhook")
_KINDS = {
    ("ome.io", "acceleratorclasses"): Kind.CLASS,
    ("berth.ome.io", "acceleratorprofiles"): Kind.PROFILE,
}
# Of more names that were never seen, some are mistakes.
_MOST_ASKED = 32
_STARTING = "Berth is starting and has not seen the cluster yet: this object is not checked"
_UNASKED = "Berth cannot ask the API server for classes: whether those exist that it names is not checked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered: why the object is refused, if it is, and warnings."""

    check: Check
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validation:
    """Answers questions about classes and profiles with what is known of the cluster.

    Nothing but what its author just wrote makes an object be refused: not what stood in it before, nor what could not
    be found out.
    """

    knowledge: KnowledgeOfClasses
    observers: ValidationObservers

    async def answer(self, question: Question, deadline_seconds: float) -> bytes:
        """Return the answer, and tell the observers of it once it is made."""
        began = perf_counter()
        kind, written = _kind_of(question), _written(question)
        verdict = await self._verdict(question, kind, written, deadline_seconds)
        name = written.name if written else ""
        warnings = [f"{name}: {each}" if name else each for each in verdict.warnings]
        refused = "; ".join(verdict.refusals)
        body = denied(question, refused, warnings) if refused else allowed(question, (), warnings)
        event = ValidationEvent(kind, verdict.check, name, refused or "; ".join(verdict.warnings))
        self.observers.answered(event, perf_counter() - began)
        return body

    def fail(self, fault: Fault, detail: str = "") -> None:
        """Tell the observers of a request that got no answer."""
        self.observers(ValidationEvent(Kind.OTHER, Check(fault), detail=detail))

    async def _verdict(
        self, question: Question, kind: Kind, written: CustomObject | None, deadline_seconds: float
    ) -> Verdict:
        if kind is Kind.OTHER or not question.is_written or (written and written.is_terminating):
            return Verdict(Check.UNTOUCHED)
        known = self.knowledge
        if not known.is_synced:
            return Verdict(Check.NOT_SYNCED, warnings=(_STARTING,))
        invalid = frozenset(known.class_problems)
        around = Surroundings(known.catalog, known.profiles, known.inventory, invalid, known.supply)
        if kind is Kind.CLASS:
            return _verdict(_found(question, partial(findings_of_class, around=around)))
        missing = await self._missing(question, around, deadline_seconds)
        judge = partial(findings_of_profile, around=around, missing=missing or (), is_rehearsal=bool(question.dry_run))
        found = _found(question, judge)
        return _verdict(found) if missing is not None else _unasked(found)

    async def _missing(
        self, question: Question, around: Surroundings, deadline_seconds: float
    ) -> frozenset[str] | None:
        """Return the classes that a profile names and that do not exist, or None where that cannot be found out.

        A class that was never seen may have been created a moment ago, by the same command.
        """
        unseen = sorted(unseen_classes(bytes(question.object), around))
        try:
            async with asyncio.timeout(deadline_seconds):
                exist = await asyncio.gather(*map(self.knowledge.has_class, unseen[:_MOST_ASKED]))
        except (TimeoutError, OSError, ApiError):
            _LOG.exception("classes cannot be asked for")
            return None
        return frozenset(unseen).difference(compress(unseen, exist))


def _found(question: Question, judge: Callable[[bytes], Findings]) -> Findings:
    """Return what is found of an object, and refuse nothing for what stood in it before."""
    found = judge(bytes(question.object))
    return found.since(judge(bytes(question.old_object))) if question.operation == "UPDATE" else found


def _verdict(found: Findings) -> Verdict:
    if found.refusals:
        return Verdict(Check.DENIED, found.refusals, found.suspicions)
    return Verdict(Check.WARNED if found.suspicions else Check.ALLOWED, warnings=found.suspicions)


def _unasked(found: Findings) -> Verdict:
    check = Check.DENIED if found.refusals else Check.UNASKED
    return Verdict(check, found.refusals, (_UNASKED, *found.suspicions))


def _kind_of(question: Question) -> Kind:
    return _KINDS.get((question.resource.group, question.resource.resource), Kind.OTHER)


def _written(question: Question) -> CustomObject | None:
    """Return the object that is written, None where not even its name can be understood."""
    try:
        return decode_custom_object(question.object)
    except MalformedObject:
        return None

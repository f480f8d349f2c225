"""The journey of one question: which mode, what verdict, which patch."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter

from cluster.api import ApiError
from cluster.objects import MalformedObject, read_pod
from cluster.shapes import PodShape
from placement import keys
from placement.admission import Admission
from placement.choosing.records import Seal, spoken, unkeyed
from webhook.judging import Judged, world_of
from webhook.memory import Memory
from webhook.observers import Event, Fault, Observers, Outcome
from webhook.patch import PatchError
from webhook.ports import Knowledge
from webhook.promises import Promises
from webhook.selections import selection_of
from webhook.wire import Question, allowed, denied

_LOG = logging.getLogger("berth.webhook")


class Mode(StrEnum):
    """What a namespace's label lets Berth do with its pods; anything else in the label means nothing at all."""

    ENFORCE = "enforce"
    WARN = "warn"
    AUDIT = "audit"


_MODES = {each.value: each for each in Mode}


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer, and what became of the request."""

    body: bytes
    event: Event


@dataclass(frozen=True)
class Desk:
    """Answers questions with what is known of the cluster."""

    knowledge: Knowledge
    observers: Observers
    scheduler_name: str | None = None
    seal: Seal = unkeyed
    promises: Promises = field(default_factory=Promises)
    memory: Memory = field(default_factory=Memory)

    async def answer(self, question: Question, deadline_seconds: float) -> bytes:
        """Return the answer, and tell the observers of it once it is made."""
        began = perf_counter()
        answer = await self._answer(question, deadline_seconds)
        self.observers.answered(answer.event, perf_counter() - began)
        return answer.body

    def fail(self, fault: Fault, detail: str = "") -> None:
        """Tell the observers of a request that got no answer."""
        self.observers(Event(Outcome(fault), detail=detail))

    async def _answer(self, question: Question, deadline_seconds: float) -> Answer:
        if not question.is_new_pod:
            return _unchanged(question, Outcome.UNTOUCHED)
        try:
            shape = read_pod(question.object)
        except MalformedObject as error:
            return _not_understood(question, error)
        if not self.knowledge.is_synced:
            return _unchanged(question, Outcome.NOT_SYNCED, "Berth is starting and has not seen the cluster yet")
        if (shape.metadata.labels or {}).get(keys.INJECTION) == "false":
            return _unchanged(question, Outcome.UNTOUCHED)
        labels = await self._namespace_labels(question.namespace, deadline_seconds)
        if labels is None:
            warning = "Berth cannot read the labels of this namespace; the pod is admitted as it is"
            return _unchanged(question, Outcome.NAMESPACE_UNKNOWN, warning)
        return self._decided(question, shape, labels)

    def _decided(self, question: Question, shape: PodShape, namespace_labels: Mapping[str, str]) -> Answer:
        mode = mode_of(namespace_labels)
        if mode is None:
            return _unchanged(question, Outcome.UNTOUCHED)
        world = world_of(self.knowledge, question.namespace, self.scheduler_name, self.seal, self.promises)
        try:
            found = self.memory.judged(question.object, shape, question.namespace, namespace_labels, world)
        except PatchError as error:
            return _unchanged(question, Outcome.UNPATCHABLE, f"Berth's patch does not apply to this pod: {error}")
        except MalformedObject as error:
            return _not_understood(question, error)
        if mode is not Mode.ENFORCE:
            return _told(question, found, mode)
        if not question.dry_run:
            self.promises.make(found.pod, found.admission, self.knowledge.roster)
        return _enforced(question, found)

    async def _namespace_labels(self, name: str, deadline_seconds: float) -> Mapping[str, str] | None:
        """Return the namespace's labels, or None where they cannot be read.

        The API server asks about namespaces that opted in; one that seems not to was labelled a moment ago.
        """
        known = self.knowledge.namespace_labels(name)
        if known is not None and mode_of(known):
            return known
        try:
            async with asyncio.timeout(deadline_seconds):
                return await self.knowledge.fetch_namespace_labels(name)
        except (TimeoutError, OSError, ApiError):
            _LOG.exception("labels of namespace %s cannot be read", name)
            return known


def mode_of(namespace_labels: Mapping[str, str]) -> Mode | None:
    """Return what a namespace with these labels lets Berth do, or None where it did not opt in."""
    return _MODES.get(namespace_labels.get(keys.INJECTION, ""))


def _enforced(question: Question, found: Judged) -> Answer:
    verdict = found.admission
    if verdict.denial:
        body = denied(question, verdict.denial, verdict.warnings)
        return _selecting(body, _event(question, found, Outcome.DENIED, verdict.denial), found)
    body = allowed(question, found.patch, verdict.warnings, _audit(verdict, Mode.ENFORCE))
    return _selecting(body, _event(question, found, _outcome(verdict)), found)


def _selecting(body: bytes, event: Event, found: Judged) -> Answer:
    return Answer(body, replace(event, selection=selection_of(found.pod, found.admission)))


def _told(question: Question, found: Judged, mode: Mode) -> Answer:
    """Answer where nothing may be mutated: say what enforcing would do, or only record it."""
    would = foretold(found.admission)
    warnings = (*would, *found.admission.warnings) if mode is Mode.WARN else ()
    outcome = Outcome.WARNED if mode is Mode.WARN else Outcome.AUDITED
    body = allowed(question, (), warnings, _audit(found.admission, mode))
    return Answer(body, _event(question, found, outcome, "; ".join(would)))


def foretold(verdict: Admission) -> tuple[str, ...]:
    """Return what enforcing would do to a pod, one sentence for each thing."""
    if verdict.denial:
        return (f"Berth: this pod would be denied: {verdict.denial}",)
    if not (verdict.record and verdict.classes):
        return ()
    classes = " or ".join(verdict.classes)
    would = (f"get accelerator class {classes} ({verdict.record.why})", *spoken(verdict.mutation))
    return tuple(f"Berth: this pod would {each}" for each in would)


def _not_understood(question: Question, error: MalformedObject) -> Answer:
    return _unchanged(question, Outcome.NOT_UNDERSTOOD, f"Berth does not understand this pod: {error}")


def _unchanged(question: Question, outcome: Outcome, warning: str = "") -> Answer:
    body = allowed(question, (), (warning,) if warning else ())
    event = Event(outcome, question.namespace, is_dry_run=bool(question.dry_run), detail=warning)
    return Answer(body, event)


def _outcome(verdict: Admission) -> Outcome:
    if verdict.is_unfit:
        return Outcome.UNFIT
    return Outcome.INJECTED if verdict.classes else Outcome.UNTOUCHED


def _audit(verdict: Admission, mode: Mode) -> dict[str, str]:
    """Return audit annotations: they stand in the API server's audit log under the webhook's name."""
    chosen = {"class": ",".join(verdict.classes)} if verdict.classes else {}
    return {"mode": str(mode), "outcome": str(_outcome(verdict)), **chosen}


def _event(question: Question, found: Judged, outcome: Outcome, detail: str = "") -> Event:
    verdict, name = found.admission, found.name
    detail = detail or "; ".join(verdict.warnings)
    chosen = ",".join(verdict.classes)
    return Event(outcome, question.namespace, name, chosen, is_dry_run=bool(question.dry_run), detail=detail)

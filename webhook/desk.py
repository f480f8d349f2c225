"""The journey of one question: which mode, what verdict, which patch."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cluster.api import ApiError
from cluster.objects import MalformedObject, decode_pod
from placement import keys
from placement.admission import Admission, World, admit
from placement.pods import Pod
from placement.records import Seal, unkeyed
from webhook.observers import Event, Observers, Outcome
from webhook.patch import PatchError, applied, operations
from webhook.ports import Knowledge
from webhook.wire import Question, allowed, denied

_LOG = logging.getLogger("berth.webhook")


class Mode(StrEnum):
    """What a namespace's label lets Berth do with its pods; anything else in the label means nothing at all."""

    ENFORCE = "enforce"
    WARN = "warn"
    AUDIT = "audit"


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

    async def answer(self, question: Question, deadline_seconds: float) -> bytes:
        """Return the answer, and tell the observers of it once it is made."""
        with self.observers.timed():
            answer = await self._answer(question, deadline_seconds)
        self.observers(answer.event)
        return answer.body

    async def _answer(self, question: Question, deadline_seconds: float) -> Answer:
        if not question.is_new_pod:
            return _unchanged(question, Outcome.UNTOUCHED)
        try:
            pod = decode_pod(question.object, question.namespace)
        except MalformedObject as error:
            return _unchanged(question, Outcome.NOT_UNDERSTOOD, f"Berth does not understand this pod: {error}")
        if not self.knowledge.is_synced:
            return _unchanged(question, Outcome.NOT_SYNCED, "Berth is starting and has not seen the cluster yet")
        if pod.labels.get(keys.INJECTION) == "false":
            return _unchanged(question, Outcome.UNTOUCHED)
        labels = await self._namespace_labels(question.namespace, deadline_seconds)
        if labels is None:
            warning = "Berth cannot read the labels of this namespace; the pod is admitted as it is"
            return _unchanged(question, Outcome.NAMESPACE_UNKNOWN, warning)
        return self._judged(question, pod, labels)

    def _judged(self, question: Question, pod: Pod, namespace_labels: Mapping[str, str]) -> Answer:
        mode = _mode(namespace_labels)
        if mode is None:
            return _unchanged(question, Outcome.UNTOUCHED)
        knowledge = self.knowledge
        world = World(knowledge.catalog, knowledge.profiles, knowledge.inventory, self.scheduler_name, self.seal)
        verdict = admit(pod, namespace_labels, world)
        if mode is Mode.ENFORCE:
            return _enforced(question, pod, verdict)
        return _told(question, pod, verdict, mode)

    async def _namespace_labels(self, name: str, deadline_seconds: float) -> Mapping[str, str] | None:
        """Return the namespace's labels, or None where they cannot be read.

        The API server asks about namespaces that opted in; one that seems not to was labelled a moment ago.
        """
        known = self.knowledge.namespace_labels(name)
        if known is not None and _mode(known):
            return known
        try:
            async with asyncio.timeout(deadline_seconds):
                return await self.knowledge.fetch_namespace_labels(name)
        except (TimeoutError, OSError, ApiError):
            _LOG.exception("labels of namespace %s cannot be read", name)
            return known


def _mode(namespace_labels: Mapping[str, str]) -> Mode | None:
    found = namespace_labels.get(keys.INJECTION)
    return Mode(found) if found in tuple(Mode) else None


def _enforced(question: Question, pod: Pod, verdict: Admission) -> Answer:
    if verdict.denial:
        body = denied(question, verdict.denial, verdict.warnings)
        return Answer(body, _event(question, pod, Outcome.DENIED, verdict, verdict.denial))
    try:
        patch = _patch(question, verdict)
    except (PatchError, MalformedObject) as error:
        return _unchanged(question, Outcome.UNPATCHABLE, f"Berth's patch does not apply to this pod: {error}")
    body = allowed(question, patch, verdict.warnings, _audit(verdict, Mode.ENFORCE))
    return Answer(body, _event(question, pod, _outcome(verdict), verdict))


def _patch(question: Question, verdict: Admission) -> list[dict[str, object]]:
    """Return the patch, after trying it: the API server refuses a pod whose patch does not apply or cannot be read."""
    if verdict.mutation.is_empty:
        return []
    raw = msgspec.json.decode(question.object)
    patch = operations(verdict.mutation, raw)
    decode_pod(msgspec.Raw(msgspec.json.encode(applied(patch, raw))), question.namespace)
    return patch


def _told(question: Question, pod: Pod, verdict: Admission, mode: Mode) -> Answer:
    """Answer where nothing may be mutated: say what enforcing would do, or only record it."""
    would = [f"would be denied: {verdict.denial}"] if verdict.denial else []
    would += [f"would get accelerator class {verdict.record.accelerator_class}"] if verdict.record else []
    warnings = (*(f"Berth: this pod {each}" for each in would), *verdict.warnings) if mode is Mode.WARN else ()
    outcome = Outcome.WARNED if mode is Mode.WARN else Outcome.AUDITED
    body = allowed(question, (), warnings, _audit(verdict, mode))
    return Answer(body, _event(question, pod, outcome, verdict, "; ".join(would)))


def _unchanged(question: Question, outcome: Outcome, warning: str = "") -> Answer:
    body = allowed(question, (), (warning,) if warning else ())
    event = Event(outcome, question.namespace, is_dry_run=bool(question.dry_run), detail=warning)
    return Answer(body, event)


def _outcome(verdict: Admission) -> Outcome:
    if verdict.is_unfit:
        return Outcome.UNFIT
    return Outcome.INJECTED if verdict.record else Outcome.UNTOUCHED


def _audit(verdict: Admission, mode: Mode) -> dict[str, str]:
    """Return audit annotations: they stand in the API server's audit log under the webhook's name."""
    chosen = {"class": verdict.record.accelerator_class} if verdict.record else {}
    return {"mode": mode.value, "outcome": _outcome(verdict).value, **chosen}


def _event(question: Question, pod: Pod, outcome: Outcome, verdict: Admission, detail: str = "") -> Event:
    chosen = verdict.record.accelerator_class if verdict.record else ""
    detail = detail or "; ".join(verdict.warnings)
    return Event(outcome, question.namespace, pod.name, chosen, is_dry_run=bool(question.dry_run), detail=detail)

"""Re-creation: a waiting pod is deleted so that its owner makes it anew; seldom, one by one, and never for nothing."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import islice
from math import inf

import msgspec
from cachetools import LRUCache

from cluster.api import ApiError
from cluster.objects import MalformedObject, decode_pod
from cluster.shapes import Metadata, Shape
from cluster.writers import Event, EventType
from controller.overseeing.owners import Owner, Owners, as_made, controller_of
from controller.overseeing.rehearsal import rehearse
from controller.parts import Context
from placement.keys import CHOSEN_CLASS
from placement.pods import Pod
from placement.reconsidering import may_have_slipped

# How many pods are looked at for one that can be deleted, and how long an owner whose pods cannot is left alone.
AT_ONCE = 20
POSTPONED_SECONDS = 300.0
# How long an owner may take to make a pod anew before the next one of its pods has its turn all the same.
REPLACED_SECONDS = 60.0
# How often an owner's new pods may come out no better.
FRUITLESS = 3
_REMEMBERED = 4096
_CHANGED = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})


class Cause(StrEnum):
    """Why a pod is to be made anew."""

    SLIPPED = "slipped"
    STUCK = "stuck"


class Outcome(StrEnum):
    """What became of an attempt to have a pod made anew."""

    RECREATED = "recreated"
    # Nobody would make it anew, or that went wrong too often.
    REFUSED = "refused"
    # It would come out no better.
    USELESS = "useless"
    WEBHOOK_AWAY = "webhook_away"
    # It was bound, deleted, or is another one by now.
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pod that its profile lets be made anew; `owner` is its controller's uid, `avoid` the class it waits for."""

    namespace: str
    name: str
    uid: str
    owner: str
    created_at: str
    cause: Cause
    avoid: str = ""

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def concerns(self, pod: Pod) -> bool:
        """Tell whether a pod is this one, still waits, and for the same reason."""
        if pod.uid != self.uid or pod.node or pod.nominated_node or pod.is_terminating or pod.is_finished:
            return False
        return pod.annotations.get(CHOSEN_CLASS) == self.avoid if self.avoid else may_have_slipped(pod)


@dataclass
class Spacing:
    """Lets something happen so many times a minute, evenly spaced; `clock` counts seconds and never goes back."""

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _last: float = -inf

    @property
    def is_open(self) -> bool:
        """Whether it may happen."""
        return self.per_minute > 0 and self.clock() - self._last >= 60 / self.per_minute

    def note(self) -> None:
        """Note that it happens."""
        self._last = self.clock()


@dataclass
class _Attempts:
    """Re-creations of one owner's pods: when the first and the last were deleted, and how many came out no better."""

    first_at: str
    last_at: str
    awaited_until: float
    fruitless: int = 0


class _Numbered(Shape):
    """A pod of which the version matters."""

    metadata: Metadata


_NUMBERED = msgspec.json.Decoder(_Numbered)


@dataclass
class Recreation:
    """Deletes candidates of its `sources`, one in a look at most; as a sink of pods it sees owners replace theirs."""

    context: Context
    owners: Owners
    sources: list[Callable[[], Iterable[Candidate]]] = field(default_factory=list)
    outcomes: Counter[tuple[Cause, Outcome]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._spacing = Spacing(self.context.settings.recreations_per_minute)
        self._attempts: LRUCache[str, _Attempts] = LRUCache(_REMEMBERED)
        self._postponed: LRUCache[str, float] = LRUCache(_REMEMBERED)

    def apply(self, pod: Pod) -> None:
        """See whether a pod is the new one of its owner."""
        attempts = self._attempts.get(pod.owner) if self._attempts else None
        if attempts and pod.created_at >= attempts.last_at and not pod.is_terminating:
            attempts.awaited_until = -inf

    def remove(self, pod: Pod) -> None:
        """Do nothing: whoever is deleted is made anew later."""

    def retain(self, keys: AbstractSet[str]) -> None:
        """Do nothing."""

    async def settle(self, _key: str) -> list[str]:
        """Have one pod made anew where that is allowed and helps; return what was done. Raises ApiError."""
        if not self._spacing.is_open:
            return []
        for each in islice(self._due(), AT_ONCE):
            outcome = await self._attempt(each)
            self.outcomes[each.cause, outcome] += 1
            if outcome is Outcome.RECREATED:
                return [f"pod {each.namespace}/{each.name} ({each.cause}) deleted, to be made anew by its owner"]
            if outcome is Outcome.WEBHOOK_AWAY:
                return []
            if outcome is not Outcome.CHANGED:  # of what changed, the watch tells
                self._postponed[each.owner] = time.monotonic() + POSTPONED_SECONDS
        return []

    def _due(self) -> Iterator[Candidate]:
        """Return the candidates whose turn it is, the oldest first."""
        now = time.monotonic()
        for each in sorted((each for source in self.sources for each in source()), key=lambda each: each.created_at):
            attempts = self._attempts.get(each.owner)
            if self._postponed.get(each.owner, -inf) <= now and (attempts is None or attempts.awaited_until <= now):
                yield each

    async def _attempt(self, candidate: Candidate) -> Outcome:
        found = await self._standing(candidate)
        if found is None:
            return Outcome.CHANGED
        owner = await self.owners.of(controller_of(found), candidate.namespace)
        obstacle = owner.obstacle or self._failure(candidate)
        if owner.template is None or obstacle:
            await self._refused(candidate, owner, obstacle)
            return Outcome.REFUSED
        anew = as_made(found, owner.template)
        rehearsal = await rehearse(
            self.context.api, self.context.settings.webhook_configuration, anew, candidate.namespace
        )
        if rehearsal.problem:
            return Outcome.WEBHOOK_AWAY
        if not any(each != candidate.avoid for each in rehearsal.classes):
            return Outcome.USELESS
        return await self._delete(candidate, found, owner)

    async def _standing(self, candidate: Candidate) -> bytes | None:
        """Return the pod as it is, or None where it is to be left alone by now."""
        try:
            raw = await self.context.api.get(candidate.path)
            return raw if candidate.concerns(decode_pod(raw)) else None
        except MalformedObject:
            return None
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def _delete(self, candidate: Candidate, found: bytes, owner: Owner) -> Outcome:
        """Delete this very pod as it was seen: one that was bound meanwhile is refused with 409."""
        version = _NUMBERED.decode(found).metadata.resource_version
        self._spacing.note()
        attempts = self._await_replacement(candidate.owner)
        try:
            await self.context.api.delete(
                candidate.path, {"preconditions": {"uid": candidate.uid, "resourceVersion": version}}
            )
        except ApiError as error:
            if error.status not in _CHANGED:
                raise
            attempts.awaited_until = -inf
            return Outcome.CHANGED
        # A candidate that is younger than the first deletion is the replacement of another.
        attempts.fruitless += candidate.created_at > attempts.first_at
        note = f"pod {candidate.name} ({candidate.cause}) was deleted while it waited, to be made anew"
        await self.context.events.tell(owner.told, Event(EventType.NORMAL, "PodRecreated", "Recreating", note))
        return Outcome.RECREATED

    async def _refused(self, candidate: Candidate, owner: Owner, obstacle: str) -> None:
        note = f"waiting pods of it ({candidate.cause}) are not made anew: {obstacle}"
        await self.context.events.tell(owner.told, Event(EventType.WARNING, "PodsNotRecreated", "Recreating", note))

    def _failure(self, candidate: Candidate) -> str:
        """Return that an owner's new pods came out no better too often; empty where they did not."""
        attempts = self._attempts.get(candidate.owner)
        if attempts is None or attempts.fruitless < FRUITLESS:
            return ""
        return f"new ones came out no better {FRUITLESS} times"

    def _await_replacement(self, owner: str) -> _Attempts:
        """Note that a pod of an owner is about to be deleted: the new one may be seen before the answer is."""
        at = self.context.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        attempts = self._attempts.setdefault(owner, _Attempts(at, at, -inf))
        attempts.last_at, attempts.awaited_until = at, time.monotonic() + REPLACED_SECONDS
        return attempts

"""Steps, one after the other: each is looked at until nothing of it is left to do, so that it can be done again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from cluster.api import ApiError

PAUSE_SECONDS = 0.5
AT_ONCE = 16
NAMED = 10

# Whose writes these are on objects that stay, as the API server notes it.
FIELD_MANAGER = "uninstall"

# Somebody changed or deleted the object meanwhile, or the API server has too much to do: the next look tells.
_OVERTAKEN = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS})
# This one cannot be done, and others can. A webhook that denies says 400, where it says nothing else.
_REFUSED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Change:
    """A write: `words` say what is done, in the imperative, `subject` to what; `make` does it, and raises ApiError."""

    words: str
    subject: str
    make: Callable[[], Awaitable[object]]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.words, self.subject


@dataclass(frozen=True, slots=True)
class Findings:
    """What a step finds: what is to be changed, and in sentences what is `awaited`, what is `left`, what is `kept`.

    What is awaited comes to its end by itself; what is left is for people to do; what is kept stays on purpose.
    """

    changes: tuple[Change, ...] = ()
    awaited: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @classmethod
    def of(cls, several: Iterable["Findings"]) -> "Findings":
        """Return what several have found together."""
        each = list(several)
        return cls(
            tuple(change for found in each for change in found.changes),
            tuple(text for found in each for text in found.awaited),
            tuple(text for found in each for text in found.left),
            tuple(text for found in each for text in found.kept),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What is looked at; where something of a `gate` is left, nothing that comes later may be done."""

    find: Callable[[], Awaitable[Findings]]
    is_gate: bool = False


@dataclass
class Walk:
    """Does the steps; `say` is told of each change, `seconds` is how long a step waits for others.

    Of a rehearsal nothing is changed, and what would be is said.
    """

    say: Callable[[str], None]
    is_rehearsal: bool = False
    seconds: float = 120.0
    left: list[str] = field(default_factory=list)
    _refusals: dict[tuple[str, str], str] = field(default_factory=dict)

    async def run(self, steps: Sequence[Step]) -> bool:
        """Do the steps up to a gate that stays shut; tell whether none did. Raises ApiError."""
        for step in steps:
            found = await self._rehearsed(step) if self.is_rehearsal else await self._settled(step)
            for sentence in dict.fromkeys(found.kept):
                self.say(f"kept: {sentence}")
            self.left += [each for each in found.left if each not in self.left]
            if found.left and step.is_gate and not self.is_rehearsal:
                return False
        return True

    async def _rehearsed(self, step: Step) -> Findings:
        found = await step.find()
        for line in told(found.changes):
            self.say(f"would {line}")
        return found

    async def _settled(self, step: Step) -> Findings:
        """Look and change until nothing more is to be done; what does not come to its end in time is left.

        The time that the changes themselves take does not count: there may be ten thousands of them.
        """
        deadline = time.monotonic() + self.seconds
        while True:
            found = await self._looked(step, deadline)
            due = [each for each in found.changes if each.key not in self._refusals]
            if not due and not found.awaited:
                return Findings(left=(*found.left, *self._refused(found.changes)), kept=found.kept)
            if time.monotonic() > deadline:
                return Findings(left=(*found.left, *found.awaited, *_recurring(due)), kept=found.kept)
            began = time.monotonic()
            await self._make(due)
            deadline += time.monotonic() - began
            await asyncio.sleep(PAUSE_SECONDS)

    async def _looked(self, step: Step, deadline: float) -> Findings:
        """Look; once more where the API server has too much to do, as it also says of kinds that are new to it."""
        while True:
            try:
                return await step.find()
            except ApiError as error:
                if error.status != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _make(self, changes: Sequence[Change]) -> None:
        for line in told(changes):
            self.say(line)
        await several(self._made, changes)

    async def _made(self, change: Change) -> None:
        try:
            await change.make()
        except ApiError as error:
            if error.status in _REFUSED:
                self._refusals[change.key] = str(error)
            elif error.status not in _OVERTAKEN:
                raise

    def _refused(self, changes: Iterable[Change]) -> list[str]:
        return [f"{' '.join(each.key)}: {self._refusals[each.key]}" for each in changes if each.key in self._refusals]


async def several(work: Callable[[T], Awaitable[R]], subjects: Iterable[T]) -> list[R]:
    """Do the same with several subjects, some of them at once; return what comes of each."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def done(subject: T) -> R:
        async with turns:
            return await work(subject)

    return await asyncio.gather(*map(done, subjects))


def told(changes: Iterable[Change]) -> list[str]:
    """Return a line for each kind of change, with the first names of what it is done to."""
    subjects: dict[str, list[str]] = {}
    for each in changes:
        subjects.setdefault(each.words, []).append(each.subject)
    return [f"{words} {shortened(names)}" for words, names in subjects.items()]


def shortened(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _recurring(changes: Iterable[Change]) -> list[str]:
    return [f"{line}: it comes back; is it kept by a GitOps tool or an operator?" for line in told(changes)]

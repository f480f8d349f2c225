"""Runs of the whole webhook: bytes in, bytes out, every answer judged, every mutated pod asked about again."""

import asyncio
import json
import logging
import traceback
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from io import BytesIO

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from placement.choosing.records import unkeyed
from tests.fuzz.protocol import Verdict, judged
from tests.fuzz.reviews import REVIEWS_PER_WORLD, Review, after, before, review, world_of
from tests.fuzz.worlds import World
from webhook.app import PATH, Reply, create_app, reply
from webhook.desk import Desk
from webhook.memory import Memory
from webhook.observers import Observers, Outcome
from webhook.promises import Promises

_SHOWN = 1500
# Every so many reviews, a desk that remembers nothing is asked as well.
_NEWCOMERS = 2
_SECONDS = 0.4


@dataclass
class Findings:
    """What came of a run: answers by what was done to the review and by what they say, and what was wrong."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    compared: int = 0

    def add(self, other: "Findings") -> None:
        """Take in what came of another run."""
        self.answers += other.answers
        self.outcomes += other.outcomes
        self.problems += other.problems
        self.compared += other.compared

    def blame(self, each: Review, problem: str) -> None:
        """Take in what is wrong with the answer to a review."""
        self.problems.append(f"{each.number} ({each.damage}): {problem[:_SHOWN]}")


class _Errors(logging.Handler):
    """Keeps what the webhook logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's text, and the exception that it tells of."""
        self.found.append(logging.Formatter().format(record))


@dataclass
class _Clock:
    """A clock that goes on from review to review."""

    seconds: float = 0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


class _Court:
    """A cluster, and the desk that judges its pods."""

    def __init__(self, seed: int, first: int) -> None:
        self._seed = seed
        self.world: World = world_of(seed, first)
        self.registry = CollectorRegistry()
        self._clock = _Clock()
        self._stranger = Observers(CollectorRegistry())
        turn = first // REVIEWS_PER_WORLD
        self.desk = Desk(
            self.world,
            Observers(self.registry),
            "berth-scheduler" if turn % 4 else None,
            _sealed if turn % 3 else unkeyed,
            Promises(self._clock, replicas=1 + turn % 2),
        )

    def call(self, number: int) -> Review:
        """Let time pass, and return the next review."""
        before(self._seed, number, self.world)
        self._clock.seconds += _SECONDS
        return review(self._seed, number)

    @property
    def newcomer(self) -> Desk:
        """A desk that has judged nothing yet, and knows of the same promises."""
        promises = deepcopy(self.desk.promises)
        return replace(self.desk, observers=self._stranger, memory=Memory(), promises=promises)

    def close(self, number: int, patched: bytes | None) -> None:
        """Let the mutated pod be seen."""
        if patched is not None:
            after(self._seed, number, self.world, patched)


def run(seed: int, first: int, count: int) -> Findings:
    """Ask the webhook in this process."""
    return asyncio.run(_run(seed, range(first, first + count)))


async def _run(seed: int, numbers: range) -> Findings:
    findings = Findings()
    with _errors() as errors:
        for court, some in _courts(seed, numbers):
            for number in some:
                # What came before decides, so it comes again where only one review is asked about.
                of_interest = findings if number in numbers else Findings()
                try:
                    await _examine(court, number, of_interest)
                except Exception as error:  # noqa: BLE001 - an object that cannot be taken in is a finding as well.
                    of_interest.problems.append(f"{number}: {error!r} {traceback.format_exc()[-_SHOWN:]}")
                of_interest.problems += [f"{number}: logged {text}" for text in errors.found]
                errors.found.clear()
            findings.outcomes += _counted(court.registry)
    return findings


async def run_over_http(seed: int, numbers: range) -> Findings:
    """Ask the webhook behind a real server."""
    findings = Findings()
    with _errors() as errors:
        for court, some in _courts(seed, numbers):
            async with TestServer(create_app(court.desk)) as server, ClientSession() as client:
                for number in some:
                    each = court.call(number)
                    async with client.post(server.make_url(PATH), data=BytesIO(each.body)) as response:
                        answer = Reply(response.status, await response.read())
                    verdict = _judge(court.world, each, answer, findings)
                    court.close(number, verdict.patched)
    findings.problems += errors.found
    return findings


def _courts(seed: int, numbers: range) -> Iterator[tuple[_Court, range]]:
    """Yield each cluster with its reviews, from the first of them on."""
    for first in range(numbers.start - numbers.start % REVIEWS_PER_WORLD, numbers.stop, REVIEWS_PER_WORLD):
        yield _Court(seed, first), range(first, min(first + REVIEWS_PER_WORLD, numbers.stop))


async def _examine(court: _Court, number: int, findings: Findings) -> None:
    each = court.call(number)
    expected = await reply(court.newcomer, each.body, "3s") if number % _NEWCOMERS == 0 else None
    answer = await reply(court.desk, each.body, "3s")
    if expected is not None:
        findings.compared += 1
        if answer != expected:
            findings.blame(each, f"remembered is {answer.body!r}, anew {expected.body!r}")
    patched = _judge(court.world, each, answer, findings).patched
    if patched is not None:
        await _ask_again(court, Review(number, patched, f"{each.damage}, again"), findings)
    court.close(number, patched)


async def _ask_again(court: _Court, again: Review, findings: Findings) -> None:
    answer = await reply(court.desk, again.body, "3s")
    if _judge(court.world, again, answer, findings).patched is not None:
        patch = b64decode(json.loads(answer.body)["response"]["patch"]).decode()
        findings.blame(again, f"the mutated pod is mutated again: {patch}")


def _judge(world: World, each: Review, answer: Reply, findings: Findings) -> Verdict:
    """Count an answer, and return what it says."""
    try:
        verdict = judged(each, answer, world)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is a finding, and the run goes on.
        findings.blame(each, f"{type(error).__name__}: {error}")
        return Verdict("wrong")
    findings.answers[each.damage, verdict.outcome] += 1
    return verdict


def _sealed(content: bytes) -> str:
    return blake2b(content, key=b"fuzz", digest_size=8).hexdigest()


def _counted(registry: CollectorRegistry) -> Counter[str]:
    samples = {each: registry.get_sample_value("berth_webhook_requests_total", {"outcome": each}) for each in Outcome}
    return Counter({each.value: int(count) for each, count in samples.items() if count})


@contextmanager
def _errors() -> Iterator[_Errors]:
    logger, handler = logging.getLogger("berth.webhook"), _Errors()
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)

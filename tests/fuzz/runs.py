"""Runs of the whole webhook: bytes in, bytes out, every answer judged, every mutated pod asked about again."""

import asyncio
import json
import logging
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from tests.fuzz.protocol import judged
from tests.fuzz.reviews import REVIEWS_PER_WORLD, Review, review, world_of
from tests.fuzz.worlds import World
from webhook.app import PATH, Reply, create_app, reply
from webhook.desk import Desk
from webhook.observers import Observers, Outcome

_SHOWN = 1500


@dataclass
class Findings:
    """What came of a run: answers by what was done to the review and by what they say, and what was wrong."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Take in what came of another run."""
        self.answers += other.answers
        self.outcomes += other.outcomes
        self.problems += other.problems


class _Errors(logging.Handler):
    """Keeps what the webhook logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's text, and the exception that it tells of."""
        self.found.append(logging.Formatter().format(record))


def run(seed: int, first: int, count: int) -> Findings:
    """Ask the webhook in this process."""
    return asyncio.run(_run(seed, range(first, first + count)))


async def _run(seed: int, numbers: range) -> Findings:
    findings = Findings()
    with _errors() as errors:
        for world, reviews in _by_world(seed, numbers):
            registry = CollectorRegistry()
            desk = Desk(world, Observers(registry), scheduler_name="berth-scheduler")
            for each in reviews:
                await _examine(desk, world, each, findings)
                findings.problems += [f"{each.number} ({each.damage}): logged {text}" for text in errors.found]
                errors.found.clear()
            findings.outcomes += _counted(registry)
    return findings


async def run_over_http(seed: int, numbers: range) -> Findings:
    """Ask the webhook behind a real server."""
    findings = Findings()
    with _errors() as errors:
        for world, reviews in _by_world(seed, numbers):
            desk = Desk(world, Observers(CollectorRegistry()), scheduler_name="berth-scheduler")
            async with TestServer(create_app(desk)) as server, ClientSession() as client:
                for each in reviews:
                    async with client.post(server.make_url(PATH), data=BytesIO(each.body)) as response:
                        answer = Reply(response.status, await response.read())
                    _judge(world, each, answer, findings)
    findings.problems += errors.found
    return findings


def _by_world(seed: int, numbers: range) -> Iterator[tuple[World, Iterable[Review]]]:
    for first in range(numbers.start, numbers.stop, REVIEWS_PER_WORLD):
        some = range(first, min(first + REVIEWS_PER_WORLD, numbers.stop))
        yield world_of(seed, first), (review(seed, number) for number in some)


async def _examine(desk: Desk, world: World, each: Review, findings: Findings) -> None:
    patched = _judge(world, each, await reply(desk, each.body, "3s"), findings)
    if patched is None:
        return
    again = await reply(desk, patched, "3s")
    if _judge(world, Review(each.number, patched, f"{each.damage}, again"), again, findings) is not None:
        patch = b64decode(json.loads(again.body)["response"]["patch"])[:_SHOWN].decode()
        findings.problems.append(f"{each.number} ({each.damage}): the mutated pod is mutated again: {patch}")


def _judge(world: World, each: Review, answer: Reply, findings: Findings) -> bytes | None:
    """Count an answer; return the review of the mutated pod, if there is one."""
    try:
        verdict = judged(each, answer, may_deny=world.may_deny)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is a finding, and the run goes on.
        findings.problems.append(f"{each.number} ({each.damage}): {type(error).__name__}: {str(error)[:_SHOWN]}")
        return None
    findings.answers[each.damage, verdict.outcome] += 1
    return verdict.patched


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

"""Reviews that are sent slowly, in masses or in pieces: each is refused in words, counted, and holds up nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from extender.desk import Outcome
from intake.bodies import Bodies, Reason
from tests.webhook.knowledge import Values
from tests.webhook.test_wire import review
from webhook.app import create_app, fault_of
from webhook.desk import Desk
from webhook.observers import Fault, Observers

HEAD = b"POST /mutate?timeout=3s HTTP/1.1\r\nHost: berth\r\nContent-Length: %d\r\n\r\n"


class Door:
    """The webhook behind real HTTP, and its metrics."""

    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        self.port = port
        self.registry = registry

    async def begin(self, length: int, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send the head of a review of a length, and the beginning of its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(HEAD % length + sent)
        await writer.drain()
        return reader, writer

    async def answers(self) -> bool:
        """Tell whether an ordinary review is answered."""
        url = f"http://127.0.0.1:{self.port}/mutate"
        async with ClientSession() as client, client.post(url, data=json.dumps(review())) as answer:
            return answer.status == 200

    def count(self, outcome: str) -> float:
        """Return how many requests ended so."""
        return self.registry.get_sample_value("berth_webhook_requests_total", {"outcome": outcome}) or 0


@asynccontextmanager
async def door(bodies: Bodies) -> AsyncIterator[Door]:
    """Serve with these limits."""
    registry = CollectorRegistry()
    app = create_app(Desk(Values(), Observers(registry), None), bodies=bodies)
    async with TestServer(app) as server:
        yield Door(server.port or 0, registry)


async def said(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Return status and text of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), (await reader.readexactly(length)).decode()


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    """Others are answered meanwhile."""
    async with door(Bodies(1000, 1500, read_seconds=0.2)) as at:
        reader, writer = await at.begin(1000, b"{")

        assert await at.answers()
        assert await said(reader) == (408, "the body did not arrive within 0.2 s\n")
        assert at.count("too_slow") == 1
        writer.close()


async def test_bodies_that_fill_the_memory_are_refused() -> None:
    """Half-sent ones hold what they sent, all together no more than the limit."""
    async with door(Bodies(1000, 1500)) as at:
        held = [await at.begin(1000, b"x" * 700) for _ in range(2)]
        while at.count("busy") == 0 and at.count("bad_request") == 0:
            reader, writer = await at.begin(1000, b"x" * 700)
            held.append((reader, writer))
            answered = await said(reader)

        assert answered == (503, "more than 0.00143051 MiB are being read; ask again later\n")
        assert at.count("busy") == 1
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("whole", [True, False], ids=["announced", "sent"])
async def test_a_body_that_is_too_large_is_refused(*, whole: bool) -> None:
    """By its head where that tells, else as soon as it is."""
    async with door(Bodies(1000, 1500)) as at:
        head = b"POST /mutate HTTP/1.1\r\nHost: berth\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(HEAD % 2000 if whole else head)

        assert await said(reader) == (413, "the body has more than 0.000953674 MiB\n")
        assert at.count("too_large") == 1
        writer.close()


async def test_a_body_that_breaks_off_is_nobodys_review() -> None:
    """Its client is gone, and the next one is answered."""
    async with door(Bodies(1000, 1500)) as at:
        _, writer = await at.begin(1000, b"{")
        writer.transport.abort()

        assert await at.answers()


def test_whatever_is_wrong_with_a_body_is_counted_by_both_programs() -> None:
    """Each reason is one that their metrics know."""
    assert {fault_of(reason) for reason in Reason} <= set(Fault)
    assert {Outcome(reason) for reason in Reason} <= set(Outcome)

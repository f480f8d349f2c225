"""The load client: prepared bytes over kept connections, with as little work between two requests as can be."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from time import perf_counter

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server listens; `tls` trusts its certificate, None where it speaks plain HTTP."""

    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and the seconds that it took."""

    seconds: float
    body: bytes


class Line(asyncio.Protocol):
    """One kept connection on which one request is under way at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self.transport = asyncio.Transport()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Gather the answer, and hand it over once it is whole."""
        self._buffer += data
        head = self._buffer.find(_HEAD_END)
        length = _LENGTH.search(self._buffer, 0, head) if head > 0 else None
        if self._answer is None or length is None:
            return
        begin = head + len(_HEAD_END)
        end = begin + int(length[1])
        if len(self._buffer) >= end:
            self._finish(self._answer, begin, end)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that is under way."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer, which must have status 200."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def _finish(self, answer: asyncio.Future[bytes], begin: int, end: int) -> None:
        status, body = bytes(self._buffer[9:12]), bytes(self._buffer[begin:end])
        del self._buffer[:end]
        if status == b"200":
            answer.set_result(body)
        else:
            answer.set_exception(ConnectionError(f"the server answered with status {status.decode()}: {body[:200]!r}"))


@asynccontextmanager
async def lines(target: Target, count: int) -> AsyncIterator[list[Line]]:
    """Open that many connections to a server on this machine."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            Line, "127.0.0.1", target.port, ssl=target.tls, server_hostname=target.server_name if target.tls else None
        )
        for _ in range(count)
    ]
    try:
        yield [line for _, line in made]
    finally:
        for transport, _ in made:
            transport.close()


def post(path: str, body: bytes) -> bytes:
    """Return a whole HTTP request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: berth\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def in_turn(connections: Sequence[Line], requests: Sequence[bytes]) -> list[Answer]:
    """Ask on every connection as soon as it is free; return the answers in the order of the requests."""
    numbers = iter(range(len(requests)))
    answers: dict[int, Answer] = {}

    async def work(line: Line) -> None:
        for number in numbers:
            began = perf_counter()
            body = await line.ask(requests[number])
            answers[number] = Answer(perf_counter() - began, body)

    await asyncio.gather(*map(work, connections))
    return [answers[number] for number in range(len(requests))]


async def at_rate(
    connections: Sequence[Line], requests: Sequence[bytes], per_second: float, chance: Random
) -> list[Answer]:
    """Ask at moments that do not wait for answers (Poisson); time in which no connection is free counts."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for each in connections:
        free.put_nowait(each)

    async def ask(request: bytes) -> Answer:
        began = perf_counter()
        line = await free.get()
        body = await line.ask(request)
        seconds = perf_counter() - began
        free.put_nowait(line)
        return Answer(seconds, body)

    asked = []
    due = perf_counter()
    for request in requests:
        due += chance.expovariate(per_second)
        await asyncio.sleep(due - perf_counter())
        asked.append(asyncio.create_task(ask(request)))
    return await asyncio.gather(*asked)

"""Connections that say nothing: how many of them a listener holds, and what becomes of the others."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from berth.arrivals import Arrivals
from berth.metrics_access import self_signed

FEW = 3


async def hello(_request: web.BaseRequest) -> web.Response:
    """Answer."""
    return web.Response(text="hello")


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Listen for a few connections at a time; return the port."""
    arrivals = Arrivals("example", web.Server(hello), tls, max_connections=FEW)
    server = await asyncio.get_running_loop().create_server(arrivals, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    arrivals.end()
    await arrivals.server.shutdown()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Tell whether the other side has closed a connection, which it does at once or not at all."""
    try:
        async with asyncio.timeout(0.5):
            return await reader.read() == b""
    except TimeoutError:
        return False


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_listener_holds_so_many_connections_and_no_more(scheme: str) -> None:
    """Who has one is answered on it still, and the next one comes in when another has left."""
    tls = self_signed("localhost", datetime.now(UTC)) if scheme == "https" else None
    async with listening(tls) as port, aiohttp.ClientSession() as client:
        url = f"{scheme}://127.0.0.1:{port}"
        await answered(client, url)
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(FEW)]
        closed = [await is_closed(reader) for reader, _ in silent]

        assert closed == [False, False, True]
        await answered(client, url)
        async with aiohttp.ClientSession() as another:
            with pytest.raises((aiohttp.ClientConnectionError, ssl.SSLError)):
                await answered(another, url)
            for _, writer in silent:
                writer.close()
            async with asyncio.timeout(5):
                while not await is_answered(another, url):  # noqa: ASYNC110 - nobody tells when there is room.
                    await asyncio.sleep(0.01)


async def answered(client: aiohttp.ClientSession, url: str) -> None:
    """Raise ClientError where nobody answers."""
    async with client.get(url, ssl=False) as answer:
        assert await answer.text() == "hello"


async def is_answered(client: aiohttp.ClientSession, url: str) -> bool:
    """Tell whether somebody answers."""
    try:
        await answered(client, url)
    except aiohttp.ClientError:
        return False
    return True

"""What stands for the webhook's Service: connections are handed to its replicas in turn."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 2**16


class Service:
    """TCP on loopback, at `port`, for `backends`, which are ports; one that refuses is passed over.

    What clients send waits for `delay_seconds` before it is passed on.
    """

    port: int

    def __init__(self) -> None:
        self.backends: list[int] = []
        self.delay_seconds = 0.0
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Serve until the block ends."""
        ready, thread = threading.Event(), threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Pass everything on so much later."""
        self.delay_seconds = seconds
        try:
            yield
        finally:
            self.delay_seconds = 0.0

    def cut(self) -> None:
        """Lose every connection that is open."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for each in self._tasks:
            each.cancel()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        server.close()
        self._abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for port in self._in_turn():
                with suppress(OSError):
                    replica, to_replica = await asyncio.open_connection("127.0.0.1", port)
                    break
            else:
                return
            try:
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pass(reader, to_replica, writer, is_delayed=True))
                    ways.create_task(self._pass(replica, writer, to_replica))
            finally:
                to_replica.transport.abort()
        finally:
            writer.transport.abort()

    def _in_turn(self) -> list[int]:
        self._turn += 1
        first = self._turn % max(len(self.backends), 1)
        return self.backends[first:] + self.backends[:first]

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        other: asyncio.StreamWriter,
        *,
        is_delayed: bool = False,
    ) -> None:
        """Pass on one way; its end is that of both."""
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                if is_delayed and self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                writer.write(chunk)
                await writer.drain()
        writer.close()
        other.close()

"""A program's listeners, health and end, over real HTTP and with real signals."""

import asyncio
import itertools
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from berth.arrivals import HANDSHAKE_SECONDS
from tests.berth.running import Running, running

# A record of a handshake (RFC 8446, 5.1) that says how long it is, and no more.
_HALF_A_HELLO = bytes.fromhex("1603010200")
PROGRAM = str(Path(__file__).with_name("program.py"))


def program(mode: str = "ready") -> AbstractContextManager[Running]:
    """Start the example program in a mode."""
    return running([sys.executable, PROGRAM, mode])


def in_background(ask: Callable[[], tuple[int, str]]) -> Callable[[], tuple[int, str]]:
    """Ask in a thread; call the result for the answer."""
    answers: list[tuple[int, str]] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()

    def answer() -> tuple[int, str]:
        thread.join()
        return answers[0]

    return answer


def test_a_program_says_that_it_is_alive_and_ready_and_shows_its_metrics() -> None:
    """Probes and Prometheus find what they look for, on the port that the kernel chose."""
    with program() as started:
        assert started.get("health", "/healthz") == (200, "ok\n")
        assert started.get("health", "/readyz") == (200, "ok\n")
        status, metrics = started.get("health", "/metrics")

    assert status == 200
    assert "\nexample_total 1.0\n" in metrics
    assert "\nprocess_resident_memory_bytes " in metrics


def test_a_program_that_is_not_ready_lists_the_reasons() -> None:
    """Whoever asks /readyz by hand reads what is missing, one problem per line."""
    with program("unready") as started:
        assert started.get("health", "/readyz") == (503, "no certificate yet\nnot synced\n")
        assert started.get("health", "/healthz") == (200, "ok\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_program_ends(number: signal.Signals) -> None:
    """On a signal readiness turns at once, new connections are refused soon, and who was asked still answers."""
    with program() as started:
        answer = in_background(partial(started.get, "slow", "/slow"))
        started.says("asked")
        started.process.send_signal(number)
        while started.get("health", "/readyz") != (503, "shutting down\n"):
            time.sleep(0.01)
        assert started.get("slow", "/quick") == (200, "answered")
        while accepts(started):
            time.sleep(0.01)

        assert answer() == (200, "answered")
        assert started.ends() == 0


async def test_no_request_is_lost_when_a_program_under_load_ends() -> None:
    """Sixteen clients on kept connections are all told to leave theirs before any is closed."""
    with program() as started:
        line = started.says("listening", listener="slow")
        url = f"http://{line['address']}:{line['port']}/quick"
        clients = [asyncio.create_task(ask_until_told_to_leave(url, pause)) for pause in [0, 0, 0.01, 0.3] * 4]
        await asyncio.sleep(0.5)
        started.process.terminate()
        counts = await asyncio.gather(*clients)

        assert min(counts) > 1
        assert started.ends() == 0


async def ask_until_told_to_leave(url: str, pause_seconds: float) -> int:
    """Ask again and again over one connection, until an answer says that it is the last; return how many came."""
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector) as session:
        for asked in itertools.count(1):
            # Not GET, which the client sends once more where its connection is lost.
            async with session.post(url) as answer:
                assert await answer.text() == "answered"
                if answer.headers.get("Connection") == "close":
                    return asked
            await asyncio.sleep(pause_seconds)
    raise AssertionError


def accepts(started: Running) -> bool:
    """Tell whether the program accepts another connection."""
    line = started.says("listening", listener="slow")
    try:
        socket.create_connection((line["address"], line["port"])).close()
    except ConnectionRefusedError:
        return False
    return True


async def test_who_does_not_shake_hands_is_left_soon() -> None:
    """One that says nothing and one that stops in the middle; whoever does is answered all the while."""
    with program("tls") as started:
        port = started.says("listening", listener="slow")["port"]
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        silent[0][1].write(_HALF_A_HELLO)
        async with aiohttp.ClientSession() as client, asyncio.timeout(2 * HANDSHAKE_SECONDS):
            async with client.get(f"https://127.0.0.1:{port}/quick", ssl=False) as answer:
                assert await answer.text() == "answered"
            assert [await reader.read() for reader, _ in silent] == [b"", b""]
        for _, writer in silent:
            writer.close()


def test_background_tasks_are_awaited_at_the_end() -> None:
    """A task can finish what it is doing when the program ends."""
    with program() as started:
        started.says("listening", listener="slow")
        started.process.terminate()
        assert started.ends() == 0

    assert [line["message"] for line in started.log].count("rested") == 2


@pytest.mark.parametrize(
    ("mode", "cause"), [("failing", "the watch broke"), ("finishing", "background task watch ended by itself")]
)
def test_a_lost_background_task_ends_the_program(mode: str, cause: str) -> None:
    """A program without its watch would answer from an ever older view, so it ends, and says why."""
    with program(mode) as started:
        assert started.ends() == 1

    assert started.says(f"ended by a failure: {cause}")["level"] == "critical"
    assert started.says("rested")

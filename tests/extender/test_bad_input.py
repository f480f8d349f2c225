"""What no kube-scheduler sends: refused or answered in bounds, counted, and the next request is answered as ever."""

import asyncio
import gzip
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import pytest

from tests.builders import H100, node
from tests.extender.known import args, known
from tests.extender.served import Served, answer, connected, head, is_well, refusals, serving

MEBIBYTE = 2**20

# Names of nodes as nobody writes them; each is a text to JSON.
ODD_NAMES = ["", "%s%d%n", 'a"b\\c', "<script>", "é😀", "a\x00b", "new\nline", "../../etc", "x" * 100_000]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """An extender of a cluster with one node."""
    async with serving(known(node("free", H100))) as running:
        yield running


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Yield so many bytes."""
    for _ in range(size // MEBIBYTE):
        yield b" " * MEBIBYTE


async def test_thirty_megabytes_are_refused_before_they_are_read(served: Served) -> None:
    """Whether their length is told or not; nothing of them is kept."""
    for body in (BytesIO(b" " * 30 * MEBIBYTE), chunks(30 * MEBIBYTE)):
        async with served.client.post("/scheduler/filter", data=body) as response:
            assert response.status == 413
            assert (await response.json())["error"].startswith("the body has more than 8 MiB; set nodeCacheCapable")

    assert refusals(served, "too_large") == 2
    assert served.bodies.under_way == 0
    assert await is_well(served)


async def test_thirty_megabytes_in_a_compressed_kilobyte_are_refused(served: Served) -> None:
    """What counts is what would be kept."""
    async with served.client.post(
        "/scheduler/filter", data=gzip.compress(b" " * 30 * MEBIBYTE), headers={"Content-Encoding": "gzip"}
    ) as response:
        assert response.status == 413

    assert refusals(served, "too_large") == 1
    assert await is_well(served)


async def test_twenty_thousand_names_are_answered(served: Served) -> None:
    """A large cluster is no mistake: one fits, and nodes that are not known yet pass behind it, told or not."""
    names = [f"node-{index:05}.compute.internal" for index in range(20_000)]
    status, content = await served.ask("filter", args([*names, "free"]))
    scored = await served.ask("prioritize", args([*names, "free"]))

    assert (status, content["NodeNames"]) == (200, ["free"])
    assert scored[0] == 200
    assert {"Host": "free", "Score": 10} in scored[1]


async def test_names_with_odd_characters_come_back_as_they_were(served: Served) -> None:
    """They are nodes that are not known: data, and never part of a path or a format."""
    for name in ODD_NAMES:
        status, content = await served.ask("filter", args([name]))
        assert (status, content["NodeNames"], content["Error"]) == (200, [name], "")
        async with served.client.get(f"/v1/decisions/ml/{name[:1000]}") as response:
            assert response.status == 404
            assert "error" in await response.json()

    status, content = await served.ask("filter", args(["free"]).replace(b"free", b"\\ud800"))
    assert status == 400
    assert await is_well(served)


async def test_a_name_given_twice_is_answered_once(served: Served) -> None:
    """The answer is of the nodes that were asked about."""
    _, content = await served.ask("filter", args(["free", "free"]))

    assert content["NodeNames"] == ["free"]


async def test_what_is_not_served_is_refused_in_json_and_counted_under_one_name(served: Served) -> None:
    """Whoever guesses paths cannot fill the memory of the metrics."""
    before = len(list(served.registry.collect()))
    samples = _sample_count(served)
    for index in range(50):
        async with served.client.post(f"/scheduler/verb-{index}", data=b"{}") as response:
            assert (response.status, await response.json()) == (404, {"error": "nothing is served here"})
    for method, path in (("GET", "/scheduler/filter"), ("DELETE", "/v1/mode"), ("PATCH", "/scheduler/bind")):
        async with served.client.request(method, path) as response:
            assert response.status == 405
            assert (await response.json())["error"].startswith(f"found {method}, allowed: ")

    assert refusals(served, "not_found", "other") == 50
    assert refusals(served, "wrong_method", "other") == 3
    assert (before, samples) == (len(list(served.registry.collect())), _sample_count(served))
    assert await is_well(served)


def _sample_count(served: Served) -> int:
    return sum(len(family.samples) for family in served.registry.collect())


async def test_a_page_that_fails_is_refused_in_json(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """And counted, with its cause in the log once."""
    served.desk.mode = object()  # type: ignore[assignment]
    async with served.client.get("/v1/mode") as response:
        assert response.status == 500
        assert "log has the cause" in (await response.json())["error"]

    assert refusals(served, "failed", "other") == 1
    assert caplog.text.count("Traceback") == 1


async def test_what_is_no_http_is_refused(served: Served) -> None:
    """Before anything of ours sees it, where its head is wrong; the next client is answered."""
    for sent in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", head(X="y" * 20_000), b"\x00" * 1000):
        async with connected(served) as (reader, writer):
            writer.write(sent)
            status, _ = await answer(reader)
            assert status == 400
    async with connected(served) as (reader, writer):
        writer.write(head(Transfer_Encoding="chunked") + b"zz\r\n")
        assert (await answer(reader))[0] == 400

    assert await is_well(served)


async def test_a_thousand_bad_requests_leave_nothing_behind(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """No task, no connection, no bytes, and no memory that would grow with them."""
    caplog.set_level(logging.CRITICAL, "berth.extender")
    for body in _bad_bodies(100):
        await served.ask("filter", body)
    tasks, samples = len(asyncio.all_tasks()), _sample_count(served)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for body in _bad_bodies(1000):
        status, content = await served.ask("filter", body)
        assert status in (200, 400, 413)
        assert content
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert after - before < MEBIBYTE
    assert len(asyncio.all_tasks()) == tasks
    assert (_sample_count(served), served.bodies.under_way) == (samples, 0)
    assert await is_well(served)


def _bad_bodies(count: int) -> Iterator[bytes]:
    """Yield bodies of which hardly two are the same."""
    for index in range(count):
        odd = f"{index}"
        yield from (
            b"",
            odd.encode() * (index % 1000),
            json.dumps({"Pod": None, "NodeNames": [odd]}).encode(),
            json.dumps({"Pod": {"metadata": {"uid": index}}, "NodeNames": [odd]}).encode(),
            args([odd * 100]).replace(b"nvidia.com/gpu", b"x.io/" + odd.encode())[: -index % 50 or None],
        )[index % 5 : index % 5 + 1]

"""The extender over real HTTP on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest

from tests.builders import H100, MI300X, node
from tests.extender.known import args, bound, known, pod_json
from tests.extender.served import Served, serving


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """An extender of a cluster with three nodes, one of them full."""
    cluster = known(node("free", H100), node("full", H100), node("amd", MI300X))
    cluster.account.apply_pod(bound("full", 8))
    async with serving(cluster) as running:
        yield running


@pytest.mark.parametrize("resource", ["nvidia.com/gpu", "example.com/unknown"])
async def test_while_it_is_asked_there_is_no_lull(served: Served, resource: str) -> None:
    """Whatever the pod asks for, kube-scheduler is at work."""
    async with asyncio.timeout(30):
        await served.lulls.come()
    await served.ask("filter", args(["free"], pod_json(resource=resource)))
    waiting = asyncio.create_task(served.lulls.come())
    await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()


async def test_filter_and_prioritize_are_answered_with_a_length_and_without_chunks(served: Served) -> None:
    """Go's client would lose its connection over an unread end of chunks."""
    for verb, expected in (("filter", ["free"]), ("prioritize", {"Host": "free", "Score": 10})):
        async with served.client.post(f"/scheduler/{verb}", data=args(["free", "full"])) as response:
            body = await response.read()

        assert response.status == 200
        assert response.headers["Content-Length"] == str(len(body))
        assert response.headers["Content-Type"].startswith("application/json")
        assert "Transfer-Encoding" not in response.headers
        assert "Content-Encoding" not in response.headers
        content = json.loads(body)
        assert expected in (content if isinstance(content, list) else content.values())


async def test_many_questions_need_one_connection(served: Served) -> None:
    """Also after a question that was refused."""
    for body, status in ((args(["free"]), 200), (b"nonsense", 400), (args(["free"]), 200)):
        assert (await served.ask("filter", body))[0] == status

    assert len(served.connections) == 1


async def test_broken_arguments_get_400_and_the_field_that_was_wrong(served: Served) -> None:
    """And are counted; the next question is answered as ever."""
    status, content = await served.ask("filter", b'{"Pod": {"metadata": {"uid": 7}, "spec": {}}, "NodeNames": []}')

    assert status == 400
    assert content["error"] == "the body is no ExtenderArgs: Pod: metadata.uid: Expected `str`, got `int`"
    assert served.count("requests_total", verb="filter", outcome="bad_request") == 1
    assert (await served.ask("filter", args(["free"])))[0] == 200


async def test_arguments_beyond_8_mebibytes_get_413_and_what_to_do(served: Served) -> None:
    """Whole nodes of a large cluster are no question that can be answered in time."""
    status, content = await served.ask("filter", BytesIO(b" " * (8 * 2**20 + 1)))

    assert status == 413
    assert "nodeCacheCapable" in content["error"]
    assert served.count("requests_total", verb="filter", outcome="too_large") == 1


async def test_a_failure_of_ours_is_a_500_and_counted(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """kube-scheduler ignores this extender then, and the log has the cause."""
    served.desk.knowledge = None  # type: ignore[assignment]

    status, content = await served.ask("filter", args(["free"]))

    assert status == 500
    assert "log has the cause" in content["error"]
    assert served.count("requests_total", verb="filter", outcome="failed") == 1
    assert "a question was not answered" in caplog.text


async def test_observers_are_told_after_the_answer(served: Served) -> None:
    """Of each decision of filter once, of prioritize never."""
    await served.ask("filter", args(["free", "full"]))
    await served.ask("prioritize", args(["free", "full"]))
    await served.ask("filter", args(["free"], pod_json(count=0)))

    assert [each.pod.name for each in served.told] == ["pod-u1"]
    assert served.count("requests_total", verb="filter", outcome="answered") == 1
    assert served.count("requests_total", verb="prioritize", outcome="answered") == 1
    assert served.count("requests_total", verb="filter", outcome="other_pod") == 1
    assert served.count("request_duration_seconds_count", verb="filter") == 2


async def test_verdicts_are_counted(served: Served) -> None:
    """Placed, exhausted (others hold it), filtered (wrong hardware) or passed (none of our business)."""
    for names, count in ((["free"], 1), (["full", "amd"], 1), (["amd"], 1), (["amd"], 0)):
        await served.ask("filter", args(names, pod_json(count=count)))

    counts = {
        verdict: served.count("decisions_total", verdict=verdict)
        for verdict in ("placed", "exhausted", "filtered", "passed")
    }
    assert counts == {"placed": 1, "exhausted": 1, "filtered": 1, "passed": 1}


async def test_the_last_decision_about_a_pod_can_be_read(served: Served) -> None:
    """With the same words as its annotation and event."""
    await served.ask("filter", args(["free", "full", "amd"]))

    async with served.client.get("/v1/decisions/ml/pod-u1") as response:
        content = await response.json()

    assert response.status == 200
    assert content["chosen"]["node"] == "free"
    assert content["explanation"] == (
        "1/3 nodes fit: 1 node(s) with too few free nvidia.com/gpu, 1 node(s) without nvidia.com/gpu"
    )


async def test_a_pod_without_a_decision_is_404_and_what_to_do(served: Served) -> None:
    """As JSON, like everything here."""
    async with served.client.get("/v1/decisions/ml/unknown") as response:
        content = await response.json()

    assert response.status == 404
    assert content["error"].startswith("no decision about pod ml/unknown is remembered")
    assert "berth explain" in content["error"]


async def test_the_mode_is_switched_while_it_runs(served: Served) -> None:
    """And back; what is no mode is refused with those that there are."""
    async with served.client.put("/v1/mode", json={"mode": "passthrough"}) as response:
        assert (response.status, await response.json()) == (200, {"mode": "passthrough"})
    assert (await served.ask("filter", args(["full"])))[1]["NodeNames"] == ["full"]
    assert served.count("requests_total", verb="filter", outcome="passthrough") == 1

    refused: tuple[Any, ...] = ({"mode": "off"}, {}, [])
    for wrong in refused:
        async with served.client.put("/v1/mode", json=wrong) as response:
            assert response.status == 400
            assert '{"mode": "active"} or {"mode": "passthrough"}' in (await response.json())["error"]

    async with served.client.put("/v1/mode", json={"mode": "active"}) as response:
        assert response.status == 200
    async with served.client.get("/v1/mode") as response:
        assert await response.json() == {"mode": "active"}
    assert (await served.ask("filter", args(["full"])))[1]["NodeNames"] == []


async def test_questions_side_by_side_see_each_other_in_flight() -> None:
    """Sixteen pods of one GPU fill two nodes of eight exactly, whatever order they are asked in."""
    async with serving(known(node("a", H100), node("b", H100))) as served:
        answers = await asyncio.gather(
            *(served.ask("filter", args(["a", "b"], pod_json(f"u{index}"))) for index in range(16))
        )

    chosen = [content["NodeNames"] for _, content in answers]
    assert (chosen.count(["a"]), chosen.count(["b"])) == (8, 8)


async def test_only_what_is_served_is_found(served: Served) -> None:
    """A verb that is not implemented is a plain 404, which kube-scheduler logs with its code."""
    async with served.client.post("/scheduler/evict", data=b"{}") as response:
        assert response.status == 404
    async with served.client.get("/scheduler/filter") as response:
        assert response.status == 405


async def test_the_last_decisions_can_be_read_with_the_mode(served: Served) -> None:
    """The newest first; none are made while every node passes."""
    await served.ask("filter", args(["free", "full"], pod_json("u1")))
    await served.ask("filter", args(["full"], pod_json("u2")))
    await served.client.put("/v1/mode", json={"mode": "passthrough"})
    await served.ask("filter", args(["full"], pod_json("u3")))

    async with served.client.get("/v1/decisions", params={"limit": 5}) as response:
        content = await response.json()
    async with served.client.get("/v1/decisions", params={"verdict": "exhausted", "namespace": "ml"}) as response:
        exhausted = await response.json()

    assert content["mode"] == "passthrough"
    assert [(each["name"], each["verdict"]) for each in content["decisions"]] == [
        ("pod-u2", "exhausted"),
        ("pod-u1", "placed"),
    ]
    assert [each["name"] for each in exhausted["decisions"]] == ["pod-u2"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("decisions?limit=0", "Expected `int` >= 1 - at `$.limit`; allowed: namespace, node, verdict, limit"),
        ("decisions?limit=many", "allowed: namespace, node, verdict, limit"),
        ("decisions?verdict=good", "Invalid enum value 'good'"),
        ("decisions?pod=p", "Object contains unknown field `pod`"),
        (
            "inventory?limit=1001",
            "Expected `int` <= 1000 - at `$.limit`; allowed: node, resource, class, limit, continue",
        ),
        ("inventory?nodes=all", "Object contains unknown field `nodes`"),
    ],
)
async def test_a_query_that_cannot_be_understood_gets_400_and_what_is_allowed(
    served: Served, path: str, text: str
) -> None:
    """Like bad arguments, and counted."""
    async with served.client.get(f"/v1/{path}") as response:
        content = await response.json()

    assert response.status == 400
    assert text in content["error"]
    assert served.count("requests_total", verb="other", outcome="bad_request") == 1


async def test_passthrough_goes_on_and_off_between_questions(served: Served) -> None:
    """What is in flight meanwhile stays on the account."""
    for number in range(3):
        await served.client.put("/v1/mode", json={"mode": "passthrough"})
        assert (await served.ask("filter", args(["free", "full"], pod_json(f"p{number}"))))[1]["NodeNames"] == [
            "free",
            "full",
        ]
        assert (await served.ask("prioritize", args(["free", "full"], pod_json(f"p{number}"))))[1] == []
        await served.client.put("/v1/mode", json={"mode": "active"})
        assert (await served.ask("filter", args(["free", "full"], pod_json(f"a{number}"))))[1]["NodeNames"] == ["free"]

    assert len(served.desk.flights) == 3

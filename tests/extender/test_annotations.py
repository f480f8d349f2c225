"""The annotation on a bound pod."""

import asyncio
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cluster.api import Api
from extender.annotations import MAX_BYTES, Annotations, placement_annotation
from extender.desk import Decided
from extender.inbox import Inbox
from extender.journal import Journal, Record, record_of
from extender.lulls import Lulls
from extender.outbox import Outbox, Sent
from placement.pods import Pod
from placement.requirements import Requirements
from placement.scheduling.decisions import Candidate, Score
from tests.builders import H100, NVIDIA, inventory, node
from tests.cluster.scripted_server import ScriptedServer, body
from tests.extender.known import NOON
from tests.extender.lagging import running
from tests.placement.clusters import decide

ASKED = Requirements({NVIDIA: 2}, {NVIDIA: 2})
NODES = inventory(node("a", H100), node("b", H100, 2), node("cpu"))
NOBODY = inventory(node("cpu"))


def record(of: Any = NODES) -> Record:
    """Return the record of a decision among some nodes."""
    return record_of(Decided(Pod("ml", "p", "u1"), ASKED, decide(ASKED, of, of.nodes)), NOON)


def test_it_tells_the_node_its_score_the_runners_up_and_why_the_rest_would_not_do() -> None:
    """A kubectl user reads from it why the pod stands where it stands."""
    content = json.loads(placement_annotation(record(), "b"))

    assert content["node"] == "b"
    assert content["at"] == "2026-05-04T12:00:00Z"
    assert content["score"]["stranded"] < 0
    assert [each["node"] for each in content["runnersUp"]] == ["a"]
    assert content["rejected"] == {"node(s) without nvidia.com/gpu": 1}
    assert "chosen" not in content


def test_it_says_so_where_the_pod_was_bound_elsewhere() -> None:
    """Wishes, other extenders and nominated nodes may decide otherwise; the score is that of the chosen node."""
    content = json.loads(placement_annotation(record(), "a"))

    assert (content["node"], content["chosen"]) == ("a", "b")
    assert content["score"]["stranded"] < 0


def test_it_says_so_where_no_node_would_do() -> None:
    """As when the pod was bound while the extender was switched to passthrough."""
    content = json.loads(placement_annotation(record(NOBODY), "cpu"))

    assert content["chosen"] is None
    assert "score" not in content


names = st.text("abcdefghijklmnopqrstuvwxyz-.ä", min_size=1, max_size=253)


@given(st.lists(names, max_size=4), st.dictionaries(st.text(max_size=200), st.integers(1, 10**6), max_size=40))
def test_it_never_takes_more_than_two_kibibytes(nodes: list[str], reasons: dict[str, int]) -> None:
    """Rare reasons give way first, then runners-up; the node stays."""
    best = tuple(Candidate(name, Score()) for name in nodes)
    text = placement_annotation(replace(record(), best=best, reasons=reasons), "n" * 253)

    assert len(text.encode()) <= MAX_BYTES
    content = json.loads(text)
    assert content["node"] == "n" * 253
    if content["rejected"] != reasons:
        assert list(content["rejected"]) == list(reasons)[: len(content["rejected"])]


class Gate(Lulls):
    """A lull that comes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited, self.opened = asyncio.Event(), asyncio.Event()

    async def come(self) -> None:
        """Return when the test says so."""
        self.awaited.set()
        await self.opened.wait()


async def test_those_of_a_burst_are_written_after_it(server: ScriptedServer, api: Api) -> None:
    """All of them, once each; before the lull the API server hears nothing."""
    journal, outbox, gate, written = Journal(), Outbox(), Gate(), asyncio.Queue[Sent]()
    bound: Inbox[str, Pod] = Inbox(10)
    server.script = [body({})] * 3
    for uid in "123":
        journal(Decided(Pod("ml", f"p{uid}", uid), ASKED, decide(ASKED, NODES, NODES.nodes)), NOON)
        bound.put(uid, Pod("ml", f"p{uid}", uid, node="b"))

    async with running([lambda: Annotations(api, journal, outbox, written.put_nowait, gate).run(bound), outbox.run]):
        await gate.awaited.wait()
        assert server.requests == []
        gate.opened.set()
        assert [await written.get() for _ in "123"] == [Sent.WRITTEN] * 3

    assert sorted(each.path for each in server.requests) == [f"/api/v1/namespaces/ml/pods/p{uid}" for uid in "123"]


def test_it_is_the_same_each_time() -> None:
    """So a pod that has it needs no second write."""
    assert placement_annotation(record(), "b") == placement_annotation(record(), "b")

"""How good each node is, on the wire."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from extender.desk import Desk, wire_scores
from placement.scheduling.decisions import Candidate, Decision, Score
from tests.builders import H100, node
from tests.extender.known import args, bound, desk_of, known, pod_json


def scored(desk: Desk, names: list[str], pod: dict[str, Any] | None = None) -> dict[str, int]:
    """Return the scores of a prioritize question."""
    return {each["Host"]: each["Score"] for each in json.loads(desk.prioritize(args(names, pod)).body)}


def test_the_best_node_scores_ten_and_others_at_most_nine() -> None:
    """By what they cost, linearly."""
    cluster = known(node("one", H100, 1), node("started", H100), node("idle", H100))
    cluster.account.apply_pod(bound("started", 4))

    assert scored(desk_of(cluster), ["idle", "one", "started"]) == {"one": 10, "started": 1, "idle": 0}


def test_true_ties_score_the_same() -> None:
    """Only then may kube-scheduler's random choice decide."""
    cluster = known(node("a", H100), node("b", H100))

    assert scored(desk_of(cluster), ["a", "b"]) == {"a": 10, "b": 10}


def test_prioritize_changes_nothing_and_leaves_out_the_pods_own_flight() -> None:
    """Asked after filter, about a pod that filter has put in flight, it gives the same answer any number of times."""
    cluster = known(node("a", H100, 2), node("b", H100, 8))
    desk = desk_of(cluster)
    desk.filter(args(["a", "b"], pod_json(count=2)))
    before = dict(cluster.account.assumed)

    answers = [scored(desk, ["a", "b"], pod_json(count=2)) for _ in range(2)]

    assert answers == [{"a": 10, "b": 0}] * 2
    assert cluster.account.assumed == before


scores = st.builds(
    Score,
    unknown=st.integers(0, 1),
    contended=st.integers(0, 1),
    replicas=st.integers(0, 2),
    cost=st.sampled_from([-1.0, -0.25, 0, 0.5, 1.75]),
    idle=st.integers(0, 2),
)
decisions = st.lists(scores, max_size=6).map(
    lambda drawn: Decision(tuple(Candidate(f"n{index}", score) for index, score in enumerate(sorted(drawn))))
)


def standing(score: Score) -> tuple[int, int, int]:
    """Return what decides before fragmentation does."""
    return score.unknown, score.contended, score.later_class


@given(decisions)
def test_scores_on_the_wire_keep_their_laws(decision: Decision) -> None:
    """0 to 10; every candidate has one; ten for the best and its ties alone; less cost never scores less."""
    on_wire = wire_scores(decision)

    assert list(on_wire) == [each.node for each in decision.candidates]
    assert all(0 <= score <= 10 for score in on_wire.values())
    for each in decision.candidates:
        assert (on_wire[each.node] == 10) == (each.score == decision.candidates[0].score)
        for other in decision.candidates:
            if (
                standing(each.score) == standing(other.score)
                and each.score.cost < other.score.cost
                and on_wire[other.node] < 10
            ):
                assert on_wire[each.node] >= on_wire[other.node]

"""How good each node is, on the wire."""

import json
from typing import Any

from extender.desk import Desk
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

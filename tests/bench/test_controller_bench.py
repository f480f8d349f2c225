"""The measure of how late the status of classes is right."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.controller.objects import HARDWARE, classes, node, pod
from bench.controller.truth import Ledger, Truth, wrong

PROJECT = Path(__file__).parents[2]

Json = dict[str, Any]


def says(found: Json, nodes: list[str], total: int, available: int) -> Json:
    """Return a class that says so of itself, and that no node of it is unavailable."""
    status = {
        "nodes": nodes,
        "availableNodes": len(nodes),
        "unavailableNodes": {"cordoned": 0, "notReady": 0, "tainted": 0},
        "totalAccelerators": total,
        "availableAccelerators": available,
    }
    return {**found, "status": status}


def test_a_status_is_late_by_the_time_since_it_should_have_been_so() -> None:
    """What it should have said meanwhile is answered by what it says in the end."""
    pool = next(each for each in classes(1) if each["metadata"]["name"] == "pool-000")
    first, second = (node(number, 0, 1) for number in range(2))
    names = [each["metadata"]["name"] for each in (first, second)]
    truth = Truth()
    truth.see_class(0, says(pool, [], 0, 0), is_gone=False)
    truth.see_node(1, first | {"spec": {}}, is_gone=False)
    truth.see_node(2, second | {"spec": {}}, is_gone=False)
    truth.see_class(3, says(pool, names[:1], 8, 8), is_gone=False)
    assert truth.ledgers["pool-000"].lateness == [0, 2]
    truth.see_pod(4, pod(1, names[0]), is_gone=False)
    truth.see_class(6, says(pool, names, 16, 14), is_gone=False)

    assert truth.ledgers["pool-000"] == Ledger(
        truth.ledgers["pool-000"].members,
        should=(2, 0, 0, 0, 16, 14, tuple(names)),
        says=(2, 0, 0, 0, 16, 14, tuple(names)),
        lateness=[0, 2, 4, 2],
        written_at=[0, 3, 6],
    )


def test_a_class_that_says_something_else_is_found() -> None:
    """By counting everything once more."""
    found = [says(each, [], 0, 0) for each in classes(1)]
    standing = [node(0, 0, 1) | {"spec": {}}]

    assert wrong(found, standing, []) == ["pool-000", f"product-{HARDWARE[0][0].lower()}"]


def test_after_some_churn_every_class_says_what_is() -> None:
    """The measure of `make churn-classes` runs: nodes change on a real API server, beside the shipped controller."""
    few = ["--minutes=0.05", "--nodes=100", "--pools=4"]
    churn = subprocess.run(
        [sys.executable, "-m", "bench.controller", *few], cwd=PROJECT, check=False, capture_output=True, text=True
    )

    assert churn.returncode in (0, 1), churn.stderr
    assert "after the last change: none" in churn.stdout, churn.stdout + churn.stderr
    assert "0 classes never said it" in churn.stdout

"""A part of the public trace through a real kube-scheduler, beside its replay by arithmetic."""

from pathlib import Path

import pytest

from bench.replay.cuts import cut
from bench.replay.outcomes import compared, replayed
from bench.replay.stages import BERTH, played_by


@pytest.mark.timeout(300)
def test_every_pod_of_a_burst_gets_the_node_and_devices_that_the_replay_gives_it(shared: Path) -> None:
    """Every tenth node, the first 1,100 arrivals, shares and pods without accelerators among them, created at once.

    FGD leaves 33.3 of the 591 accelerators, a stock scheduler 50 or more.
    """
    traces = shared / "traces"
    part = cut(traces / "nodes_default_42.csv.gz", traces / "arrivals_default_42.csv.gz", every=10, first=1100)
    expected = replayed(part)

    played = played_by(BERTH, part)

    elsewhere = {number: (played.outcomes[number], outcome) for number, outcome in expected.items()}
    assert {number: pair for number, pair in elsewhere.items() if pair[0] != pair[1]} == {}
    assert compared(part, played, expected).unallocated < 33

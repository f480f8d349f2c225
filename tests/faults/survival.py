"""What is to be true of the pods that were created while something befell the cluster."""

from tests.faults.load import Load, Record
from tests.faults.stage import Stage


def untreated(berth: Stage, load: Load, record: Record) -> int:
    """Assert that Berth had no creation refused, and that it reports every untreated pod; return their number."""
    count = berth.untreated()
    seconds = berth.await_report(count)
    ordered = sorted(load.seconds)
    record("created", len(ordered))
    record("refused", len(load.refused))
    record("untreated, all reported", count)
    record("reported after seconds", seconds)
    record("median and longest creation in seconds", (round(ordered[len(ordered) // 2], 3), round(ordered[-1], 2)))

    assert load.refused == []
    assert berth.count() == load.count
    return count

"""Laws of `berth simulate` on drawn traces, and of its progress."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.simulate.progress import Progress
from placement.scheduling.policies import POLICIES
from tests.berth.traces import simulate, table

MODELS = ("G2", "T4")


@st.composite
def nodes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw nodes with distinct ranks, the first of which has accelerators; each model is there."""
    count = draw(st.integers(2, 6))
    ranks = draw(st.permutations(range(count)))
    return [
        {
            "tie_rank": ranks[index],
            "sn": f"n{index}",
            "cpu_milli": draw(st.integers(0, 20_000)),
            "memory_mib": draw(st.integers(0, 1000)),
            "gpu": draw(st.integers(1 - min(index, 1), 8)),
            "model": MODELS[index % 2],
        }
        for index in range(count)
    ]


@st.composite
def arrivals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw arrivals of all kinds."""
    asked = st.sampled_from([(0, 0), (1, 1), (1, 300), (1, 1000), (2, 1000), (8, 1000)])
    specs = st.sampled_from(["", "T4", "G2|T4"])
    drawn = draw(st.lists(st.tuples(asked, st.integers(0, 9000), st.integers(0, 500), specs), min_size=1, max_size=25))
    return [
        {"seq": seq, "cpu_milli": cpu, "memory_mib": memory, "num_gpu": count, "gpu_milli": milli, "gpu_spec": spec}
        for seq, ((count, milli), cpu, memory, spec) in enumerate(drawn)
    ]


def _shuffled(rows: list[dict[str, Any]], chance: Random) -> str:
    """Return the rows and their columns in another order, with one more column."""
    names = [*rows[0], "note"]
    chance.shuffle(names)
    mixed = [{name: {**row, "note": "n"}[name] for name in names} for row in rows]
    chance.shuffle(mixed)
    return table(mixed)


@settings(max_examples=60)
@given(nodes(), arrivals(), st.sampled_from(sorted(POLICIES)), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_says_nothing(
    cluster: list[dict[str, Any]], coming: list[dict[str, Any]], policy: str, chance: Random
) -> None:
    """Numbers and ranks do; and every arrival is either placed or not, for a reason."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "placed.csv"
        flags = ("--policy", policy, "--json", "--placements", str(file))
        first = dict(simulate(folder, table(cluster), table(coming), *flags).report)
        placed = file.read_text()
        other = dict(simulate(folder, _shuffled(cluster, chance), _shuffled(coming, chance), *flags).report)

        assert file.read_text() == placed
    for report in (first, other):
        del report["medianMilliseconds"], report["p99Milliseconds"]
    assert first == other
    assert first["placed"] + first["notPlaced"] == len(coming)
    assert sum(first["reasons"].values()) == first["notPlaced"]
    assert first["allocated"] + first["unallocated"] == pytest.approx(first["capacity"])
    assert -1e-6 <= first["stranded"] <= first["unallocated"] + 1e-6
    assert first["allocated"] <= first["requested"]


class Terminal(StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def _clock(step_seconds: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step_seconds


@pytest.mark.parametrize(
    ("stream", "seconds", "said"),
    [
        (Terminal(), 0.15, "\r2 of 4 arrivals, 50 %\x1b[K\r4 of 4 arrivals, 100 %\x1b[K\r\x1b[K"),
        (StringIO(), 0.15, ""),
        (StringIO(), 6.0, "2 of 4 arrivals, 50 %\n4 of 4 arrivals, 100 %\n"),
    ],
    ids=["terminal", "quick", "slow"],
)
def test_progress_is_told_now_and_then(stream: StringIO, seconds: float, said: str) -> None:
    """Often on a terminal, on one line; elsewhere only where it takes long."""
    clock = _clock(seconds)
    steps = Progress(4, "arrivals", stream, lambda: next(clock)).over("abcd")

    assert "".join(steps) == "abcd"
    assert stream.getvalue() == said

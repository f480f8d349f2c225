"""`python -m bench.fragmentation` on small invented traces: its tables, its verdict, what it draws."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.fragmentation.__main__ import main
from bench.fragmentation.orders import INFLATED_TO, Order, drawn_of, published_in
from bench.fragmentation.plot import draw
from bench.fragmentation.replays import LOADS, Job, Outcome
from bench.fragmentation.spreading import Spreading, owners_of
from bench.fragmentation.tables import MOST_UNALLOCATED, Results, results, verdict
from placement.scheduling.fleet import NodeState, Taken, fleet_of
from placement.scheduling.mix import mix_of
from placement.scheduling.policies.berth import Berth
from placement.scheduling.replay import Arrival, place
from placement.scheduling.tasks import Task

NODES = 20
SIZES = (2, 4, 8, 4)


def write(folder: Path, variant: str, seed: int) -> None:
    """Write a variant: nodes of several sizes, pods, and these in a drawn order, for 130 % of the accelerators."""
    capacity = 1000 * sum(SIZES[number % 4] for number in range(NODES))
    nodes = [f"{n},node-{n:02},{SIZES[n % 4] * 12_000},100000,{SIZES[n % 4]},G" for n in range(NODES)]
    _table(folder / f"nodes_{variant}_{seed}.csv.gz", "tie_rank,sn,cpu_milli,memory_mib,gpu,model", nodes)
    draws = np.random.default_rng(seed)
    asks = [(2000, 1, 810), (1000, 1, 190), (8000, 1, 1000), (30_000, 4, 1000), (6000, 0, 0)]
    pods = [asks[each] for each in draws.choice(5, 150, p=[0.4, 0.2, 0.2, 0.1, 0.1])]
    _table(folder / f"pods_{variant}.csv.gz", "cpu_milli,num_gpu,gpu_milli", [_row(pod) for pod in pods])
    asked = np.cumsum([devices * milli for _, devices, milli in pods])
    arriving = pods[: int(np.searchsorted(asked, INFLATED_TO * capacity)) + 1]
    rows = [f"{number},{_row(pod)},100" for number, pod in enumerate(arriving)]
    _table(folder / f"arrivals_{variant}_{seed}.csv.gz", "seq,cpu_milli,num_gpu,gpu_milli,memory_mib", rows)


def _row(pod: tuple[int, int, int]) -> str:
    return ",".join(map(str, pod))


def _table(file: Path, header: str, rows: Sequence[str]) -> None:
    file.write_bytes(gzip.compress("\n".join([header, *rows]).encode()))


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """Return a folder with two variants."""
    write(tmp_path, "default", 1)
    write(tmp_path, "cpu250", 2)
    return tmp_path


def test_tables_stand_beside_what_was_published(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An order that is drawn has its lines as well, and what was published is scaled to the nodes."""
    flags = ["--policies", "berth,fgd,best-fit", "--seeds", "1", "--processes", "1"]
    code = main(["--traces", str(traces), *flags])
    told = capsys.readouterr()
    lines = told.out.splitlines()

    assert code == 0
    assert lines[1].split() == ["berth", "fgd", "best-fit"]
    assert [line[:22].strip() for line in lines[2:8]] == [
        "default 1",
        "default drawn 2001",
        "default published",
        "cpu250 2",
        "cpu250 drawn 2001",
        "cpu250 published",
    ]
    assert lines[4].split() == ["default", "published", "-", "4", "6"]
    assert "default published" in told.out
    assert sum("least" in line for line in lines) == 2
    assert lines[-1].startswith("berth leaves fewer unallocated than fgd")
    assert "12 of 12" in told.err


def test_a_folder_without_traces_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is one without the variant that is asked for, and a file that misses beside its arrivals."""
    assert main(["--traces", str(tmp_path / "none")]) == 1
    write(tmp_path, "default", 1)
    assert main(["--traces", str(tmp_path), "--variants", "other"]) == 1
    (tmp_path / "nodes_default_1.csv.gz").unlink()
    assert main(["--traces", str(tmp_path), "--policies", "berth", "--processes", "1"]) == 1

    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in said] == [
        str(tmp_path / "none"),
        str(tmp_path),
        str(tmp_path / "nodes_default_1.csv.gz"),
    ]


def test_pods_that_leave_again_have_a_line_for_each_load(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the variants that are let go."""
    code = main(["--traces", str(traces), "--departures", "--policies", "berth", "--processes", "1"])
    lines = capsys.readouterr().out.splitlines()

    assert code == 0
    assert [line.split()[:3] for line in lines[2:]] == [["default", "1", load] for load in ("95", "100", "105", "110")]


def test_replicas_spread_has_a_line_for_each_variant(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a cell for each tolerance."""
    code = main(["--traces", str(traces), "--spread", "--variants", "cpu250", "--processes", "1"])
    lines = capsys.readouterr().out.splitlines()

    assert code == 0
    assert lines[1].split() == ["off", "24", "100", "250"]
    assert lines[2].split()[:2] == ["cpu250", "2"]
    assert len(lines) == 3


def test_a_drawn_order_has_all_pods_and_then_some_again(traces: Path) -> None:
    """Up to the published load, with the memory of pods alike; the same seed draws the same."""
    (published, *_) = published_in(traces, ["default"])
    first, again, other = (next(drawn_of([published], [seed])) for seed in (7, 7, 8))
    fleet = first.fleet(is_ranked=False)
    arrivals = first.arrivals(fleet)
    asked = [each.task.asked for each in arrivals]

    assert sum(asked[:-1]) < INFLATED_TO * fleet.capacity.sum() <= sum(asked)
    assert {each.memory for each in arrivals} == {100}
    assert arrivals == again.arrivals(fleet) != other.arrivals(fleet)


@pytest.mark.parametrize(
    ("variant", "ours", "fgd", "passes"),
    [
        ("default", MOST_UNALLOCATED["default"], 100.0, True),
        ("default", MOST_UNALLOCATED["default"] + 1, 400.0, False),
        ("other", 99.0, 100.0, True),
        ("other", 100.0, 100.0, False),
    ],
)
def test_the_verdict_is_by_threshold_or_else_by_fgd(variant: str, ours: float, fgd: float, passes: bool) -> None:  # noqa: FBT001
    """A variant with a recorded threshold is judged by it alone."""
    assert verdict(_found(variant, ours, fgd))[0] is passes


def test_the_plot_is_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    """Small, without a date, and with every policy in its legend."""
    found = _found("default", 240.0, 290.0)
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        draw(found, file)
    text = files[0].read_text()

    assert text == files[1].read_text()
    assert len(text) < 200_000
    assert "<dc:date>" not in text
    assert all(f">{name}<" in text for name in ("berth", "fgd"))


def test_owners_have_replicas_alike() -> None:
    """From one to ten."""
    arrivals = [Arrival(Task(1000, 1 + number % 2)) for number in range(400)]
    owners = owners_of(arrivals, np.random.default_rng(1))
    of_owner = {owner: [a for a, o in zip(arrivals, owners, strict=True) if o == owner] for owner in owners}

    assert all(len(set(replicas)) == 1 for replicas in of_owner.values())
    assert {len(replicas) for replicas in of_owner.values()} == set(range(1, 11))


@pytest.mark.parametrize(("tolerance", "replicas"), [(0, [3]), (100_000, [1, 1, 1])])
def test_replicas_are_apart_within_the_tolerance(tolerance: float, replicas: list[int]) -> None:
    """Without one they stand where they cost least."""
    fleet = fleet_of([NodeState(name, 8000, 8000, (1000,) * 4, (1,) * 4, 4000) for name in "abc"])
    task = Task(1000, 1, 200)
    for row in range(3):  # No replica starts an idle node.
        fleet.take(task, 0, Taken(row, (0,)))
    policy = Spreading(Berth(), iter([1, 1, 1]), tolerance)
    for _ in range(3):
        place(Arrival(task), fleet, policy, mix_of({task: 1}))

    assert sorted(policy.nodes[1].values()) == replicas


def _found(variant: str, ours: float, fgd: float) -> Results:
    order = Order(Path(), variant, 1)
    return results(_outcome(Job(order, name), idle) for name, idle in (("berth", ours), ("fgd", fgd)))


def _outcome(job: Job, unallocated: float) -> Outcome:
    allocated = {load: min(load, 100 - unallocated / 62.12) for load in LOADS}
    return Outcome(job, 6212.0, unallocated, 0, allocated, 1.0)

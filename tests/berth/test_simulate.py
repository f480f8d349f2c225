"""`berth simulate` on traces, as a user types it: where pods go, what is counted, what is written."""

import gzip
import json
import os
import pty
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from berth.simulate.traces import arrivals_in, fleet_in, mix_in
from placement.scheduling.policies import POLICIES
from tests.berth.traces import ARRIVALS, NODES, PODS, rows, run, simulate

PLACED = """seq,node,devices
0,b,0
1,a,0|1
2,,
3,a,
4,,
5,,
"""


@pytest.fixture
def pods(tmp_path: Path) -> str:
    """A file that tells what is expected."""
    (tmp_path / "pods.csv").write_text(PODS)
    return str(tmp_path / "pods.csv")


@pytest.mark.parametrize("policy", POLICIES)
def test_each_arrival_goes_where_it_fits(policy: str, tmp_path: Path) -> None:
    """Nodes by name, devices by number, both empty where there is no place; with every policy."""
    file = tmp_path / "out.csv"
    ran = simulate(tmp_path, NODES, ARRIVALS, "--policy", policy, "--placements", str(file))

    assert (ran.code, ran.err) == (0, "")
    assert file.read_text() == PLACED
    assert sorted(each.name for each in tmp_path.iterdir()) == ["arrivals.csv", "nodes.csv", "out.csv"]


def test_the_report_counts_what_became_of_all(tmp_path: Path, pods: str) -> None:
    """By hand: of 3 accelerators 2.6 are taken; one of two expected pods, 0.6, cannot use the 0.4 that are left."""
    report = dict(simulate(tmp_path, NODES, ARRIVALS, "--policy", "fgd", "--mix", pods, "--json").report)
    times = report.pop("medianMilliseconds"), report.pop("p99Milliseconds")

    assert 0 < times[0] <= times[1]
    assert report == {
        "policy": "fgd",
        "mix": pods,
        "nodes": 2,
        "arrivals": 6,
        "capacity": 3.0,
        "requested": 3.1,
        "allocated": 2.6,
        "unallocated": 0.4,
        "stranded": 0.2,
        "placed": 3,
        "notPlaced": 3,
        "reasons": {
            "too few idle accelerators on any node of its classes": 1,
            "too little cpu where enough accelerators are idle": 1,
            "too little memory where enough accelerators and cpu are idle": 1,
        },
        # 0.2 of b's 0.4 are stranded, beside which 2 are idle after the first arrival, and none after the second.
        "loads": [
            *({"load": load, "allocated": 20.0, "strandedOfIdle": 8.33} for load in range(20, 90, 10)),
            *({"load": load, "allocated": 86.67, "strandedOfIdle": 50.0} for load in (90, 95, 100)),
        ],
        "averages": None,
    }


def test_the_text_says_the_same(tmp_path: Path, pods: str) -> None:
    """Amounts with their part of the capacity, reasons with their counts, a table by load."""
    ran = simulate(tmp_path, NODES, ARRIVALS, "--policy", "fgd", "--mix", pods)

    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == f"2 nodes, 6 arrivals, policy fgd, mix {pods}"
    for line in (
        "capacity 3.00 accelerators",
        "requested 3.10 103.33 %",
        "unallocated 0.40 13.33 %",
        "stranded 0.20 6.67 %",
        "placed 3 pods",
        "not placed 3 pods",
        "1 too little cpu where enough accelerators are idle",
        "20 20.00 8.33",
    ):
        assert line in lines
    assert re.fullmatch(r"time per decision: median \d+\.\d\d ms, p99 \d+\.\d\d ms", lines[-1])


def test_among_equals_the_least_tie_rank_is_taken(tmp_path: Path) -> None:
    """Wherever in the file it stands; without the column the first of the file."""
    nodes = "tie_rank,sn,cpu_milli,memory_mib,gpu,model\n2,a,1000,10,1,G2\n1,b,1000,10,1,G2\n"
    arrival = "cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n10,1,1,1000,\n"
    file = tmp_path / "out.csv"

    simulate(tmp_path, nodes, arrival, "--policy", "fgd", "--placements", str(file))
    assert rows(file)[0]["node"] == "b"
    simulate(tmp_path, nodes.replace("tie_rank", "rank"), arrival, "--policy", "fgd", "--placements", str(file))
    assert rows(file)[0]["node"] == "a"


def test_gzip_is_read_by_its_content(tmp_path: Path) -> None:
    """With its ending and without; a byte order mark is no part of the header."""
    for name, text in (("nodes.csv.gz", NODES), ("arrivals", ARRIVALS)):
        (tmp_path / name).write_bytes(gzip.compress(text.encode("utf-8-sig")))
    flags = ("--nodes", str(tmp_path / "nodes.csv.gz"), "--arrivals", str(tmp_path / "arrivals"))

    assert run(*flags, "--json").report["placed"] == 3


def test_a_file_that_was_there_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Through a symbolic link as well."""
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    simulate(tmp_path, NODES, ARRIVALS, "--placements", str(tmp_path / "link.csv"))

    assert (tmp_path / "real.csv").read_text() == PLACED
    assert (tmp_path / "link.csv").is_symlink()


def test_progress_stays_out_of_the_answer(tmp_path: Path) -> None:
    """On a terminal it is written over and wiped in the end; standard output is the answer alone."""
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "arrivals.csv").write_text(ARRIVALS)
    master, terminal = pty.openpty()
    command = [str(Path(sys.executable).with_name("berth")), "simulate", "--json"]
    command += ["--nodes", str(tmp_path / "nodes.csv"), "--arrivals", str(tmp_path / "arrivals.csv")]
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True)
    os.close(terminal)
    shown = os.read(master, 10_000).decode()
    os.close(master)

    assert json.loads(outcome.stdout)["placed"] == 3
    assert shown.endswith("\r\x1b[K")


def test_the_real_trace_comes_to_what_is_published(shared: Path, tmp_path: Path) -> None:
    """FGD on openb's default trace, seed 42: 292.59 of 6,212 GPUs stay unallocated, and 95.14 % are at load 100."""
    traces, file = shared / "traces", tmp_path / "out.csv"
    flags = ("--nodes", str(traces / "nodes_default_42.csv.gz"), "--mix", str(traces / "pods_default.csv.gz"))
    more = ("--arrivals", str(traces / "arrivals_default_42.csv.gz"), "--policy", "fgd", "--placements", str(file))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    report = run(*flags, *more, "--json").report

    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 60
    assert (report["capacity"], report["unallocated"]) == (6212.0, 292.59)
    assert report["placed"] + report["notPlaced"] == report["arrivals"] == len(rows(file)) == 10_866
    assert sum(bool(row["node"]) for row in rows(file)) == report["placed"]
    by_load = {each["load"]: each for each in report["loads"]}
    assert [by_load[load]["allocated"] for load in (80, 90, 95, 100, 130)] == [79.99, 89.98, 94.92, 95.14, 95.29]
    assert [by_load[load]["strandedOfIdle"] for load in (50, 80, 90)] == pytest.approx([17.96, 29.80, 49.65], abs=0.3)


def test_every_trace_that_is_there_can_be_read(shared: Path) -> None:
    """Nodes, arrivals and pods of each variant, as they are published."""
    for file in sorted((shared / "traces").glob("nodes_*.csv.gz")):
        fleet = fleet_in(file)
        assert len(fleet.names) == 1213
        assert len(arrivals_in(file.with_name(file.name.replace("nodes_", "arrivals_")), fleet)) > 5000
        assert mix_in(file.with_name(f"pods_{file.name.split('_')[1]}.csv.gz"), fleet).tasks


def test_pods_leave_again_where_that_is_wished_for(tmp_path: Path) -> None:
    """The same seed comes to the same, another to something else; means over time are within the capacity."""
    arrivals = ARRIVALS.splitlines()[0] + "".join(f"\n{number},10,1,1,{300 + number}," for number in range(400))
    nodes = NODES.replace("4000", "40000").replace("1000", "10000")
    flags = ("--departures", "1", "--load", "60", "--json", "--policy", "fgd")
    first, again, other = (
        dict(simulate(tmp_path, nodes, arrivals, *flags[:1], seed, *flags[2:]).report) for seed in ("1", "1", "2")
    )

    for each in (first, again, other):
        assert each["placed"] + each["notPlaced"] == 400
        assert each["loads"] == []
        del each["medianMilliseconds"], each["p99Milliseconds"]
    assert first == again
    assert first["averages"] != other["averages"]
    averages = first["averages"]
    assert (averages["seed"], averages["load"], averages["lifetime"]) == (1, 60.0, 1.0)
    assert averages["allocated"] + averages["unallocated"] == pytest.approx(3)
    assert 0 <= averages["stranded"] <= averages["unallocated"]
    text = simulate(tmp_path, nodes, arrivals, *flags[:4], "--policy", "fgd").out
    assert "pods leave again: load 60 %, lifetime 1, seed 1; means over time:" in text

"""Files that are no traces: a message with file, line, column and what is allowed, exit code 1, nothing written."""

import gzip
from pathlib import Path

import pytest

from tests.berth.traces import ARRIVALS, NODES, PODS, run, simulate

TASK_HEADER = "cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
COUNT, AMOUNT = "a whole number from 0 to 1024", "a whole number from 0 to 1000000000000"
MODELS = "nothing, or models that some node has: G2, T4, joined by |"


def node(row: str) -> str:
    """Return nodes of which the third line is this."""
    return f"sn,cpu_milli,memory_mib,gpu,model\na,10000,4000,2,G2\n{row}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ": is empty, allowed: a header and rows"),
        (b"\n\n", ":1: has no header, allowed: a header with sn, cpu_milli, memory_mib, gpu, model"),
        (
            b"sn,memory_mib,gpu\n",
            ":1: column cpu_milli, model is missing, allowed: a header with sn, cpu_milli, memory_mib, gpu, model",
        ),
        (b"sn,sn,cpu_milli,memory_mib,gpu,model\n", ":1: column sn stands 2 times, allowed: once"),
        (node("b,1,1,1").encode(), ":3: found 4 fields, allowed: 5 as in line 1"),
        (node("b,-1,1,1,T4").encode(), f":3: column cpu_milli: found '-1', allowed: {AMOUNT}"),
        (node("b,1,1.5,1,T4").encode(), f":3: column memory_mib: found '1.5', allowed: {AMOUNT}"),
        (node("b,1,1,many,T4").encode(), f":3: column gpu: found 'many', allowed: {COUNT}"),
        (node("b,1,1,2000,T4").encode(), f":3: column gpu: found '2000', allowed: {COUNT}"),
        (node("b,1,1,\u0661,T4").encode(), f":3: column gpu: found '\u0661', allowed: {COUNT}"),
        (node("a,1,1,1,T4").encode(), ":3: column sn: found 'a', allowed: a name that no other node has"),
        (node(",1,1,1,T4").encode(), ":3: column sn: found '', allowed: a name that no other node has"),
        (
            b"sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,\n",
            ": column gpu: no node has any, allowed: one node at least with 1 or more",
        ),
        (b"sn,cpu_milli,memory_mib,gpu,model\n\xff\xfe", ":2: found byte 0xff, allowed: text in UTF-8"),
        (b'sn,cpu_milli,memory_mib,gpu,model\n"a,1\n', ":2: is no CSV: unexpected end of data"),
        (
            gzip.compress(NODES.encode(), mtime=0)[:-9],
            ": is a broken gzip file: Compressed file ended before the end-of-stream marker was reached",
        ),
    ],
)
def test_nodes_that_cannot_be_read_are_named(content: bytes, said: str, tmp_path: Path) -> None:
    """The file where it is about the whole, the line and the column where there is one."""
    nodes, arrivals, placed = tmp_path / "n.csv", tmp_path / "a.csv", tmp_path / "placed.csv"
    nodes.write_bytes(content)
    arrivals.write_text(ARRIVALS)
    ran = run("--nodes", str(nodes), "--arrivals", str(arrivals), "--placements", str(placed))

    assert (ran.code, ran.out, ran.err) == (1, "", f"{nodes}{said}\n")
    assert sorted(tmp_path.iterdir()) == [arrivals, nodes]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,1,1,1001,", "gpu_milli: found '1001', allowed: a whole number from 1 to 1000"),
        ("1,1,1,0,", "gpu_milli: found '0', allowed: a whole number from 1 to 1000"),
        ("1,1,2,500,", "gpu_milli: found '500', allowed: 1000"),
        ("1,1,-1,1000,", f"num_gpu: found '-1', allowed: {COUNT}"),
        ("1,-1,1,1000,", f"memory_mib: found '-1', allowed: {AMOUNT}"),
        ("1,,1,1000,", f"memory_mib: found '', allowed: {AMOUNT}"),
        ("1,1,1,1000,H100", f"gpu_spec: found 'H100', allowed: {MODELS}"),
        ("1,1,1,1000,G2|H100", f"gpu_spec: found 'G2|H100', allowed: {MODELS}"),
        ("1,1,1,1000,|G2", f"gpu_spec: found '|G2', allowed: {MODELS}"),
    ],
)
def test_arrivals_that_cannot_be_read_are_named(row: str, said: str, tmp_path: Path) -> None:
    """Those before them are not placed either; the mix is read in the same way."""
    content = f"{TASK_HEADER}1,1,1,1000,G2|T4\n{row}\n"
    ran = simulate(tmp_path, NODES, content, "--placements", str(tmp_path / "placed.csv"))

    assert (ran.code, ran.out, ran.err) == (1, "", f"{tmp_path}/arrivals.csv:3: column {said}\n")
    assert not (tmp_path / "placed.csv").exists()
    if "memory" not in said:
        (tmp_path / "pods.csv").write_text(content)
        ran = simulate(tmp_path, NODES, ARRIVALS, "--mix", str(tmp_path / "pods.csv"))
        assert (ran.code, ran.err) == (1, f"{tmp_path}/pods.csv:3: column {said}\n")


def test_files_without_gpu_spec_name_no_models(tmp_path: Path) -> None:
    """As some of the published ones are; any node will do."""
    ran = simulate(tmp_path, NODES, "cpu_milli,memory_mib,num_gpu,gpu_milli\n1,1,2,1000\n1,1,1,1000\n", "--json")

    assert ran.report["placed"] == 2


def test_numbers_of_arrivals_are_their_own(tmp_path: Path) -> None:
    """Two of the same number leave open which comes first."""
    ran = simulate(tmp_path, NODES, ARRIVALS.replace("\n3,", "\n2,"))

    assert ran.err == f"{tmp_path}/arrivals.csv:5: column seq: found '2', allowed: a number that no other row has\n"


@pytest.mark.parametrize("flag", ["--arrivals", "--mix"])
def test_a_file_without_rows_has_nothing_to_say(flag: str, tmp_path: Path) -> None:
    """A header alone."""
    (tmp_path / "empty.csv").write_text(TASK_HEADER)
    ran = simulate(tmp_path, NODES, ARRIVALS, flag, str(tmp_path / "empty.csv"))

    assert (ran.code, ran.err) == (1, f"{tmp_path}/empty.csv: has no rows, allowed: one at least\n")


def test_a_name_that_promises_gzip_is_held_to_it(tmp_path: Path) -> None:
    """Text under such a name is a mistake of whoever wrote it."""
    (tmp_path / "pods.csv.gz").write_text(PODS)
    ran = simulate(tmp_path, NODES, ARRIVALS, "--mix", str(tmp_path / "pods.csv.gz"))

    assert ran.code == 1
    assert ran.err.startswith(f"{tmp_path}/pods.csv.gz: is no gzip file, as its name says: ")


def test_a_gzip_file_with_wrong_bytes_is_broken(tmp_path: Path) -> None:
    """Whether they are in the middle or make another sum."""
    content = bytearray(gzip.compress(PODS.encode()))
    for position in (12, -5):
        broken = content.copy()
        broken[position] ^= 0xFF
        (tmp_path / "pods.csv.gz").write_bytes(broken)
        ran = simulate(tmp_path, NODES, ARRIVALS, "--mix", str(tmp_path / "pods.csv.gz"))
        assert ran.code == 1
        assert ran.err.startswith(f"{tmp_path}/pods.csv.gz: is ")


def test_departures_need_a_load(tmp_path: Path) -> None:
    """Pods without accelerators make none."""
    ran = simulate(tmp_path, NODES, f"{TASK_HEADER}1,1,0,0,\n", "--departures", "1")

    assert (ran.code, ran.err) == (
        1,
        f"{tmp_path}/arrivals.csv: column num_gpu: no arrival asks for any, allowed: one at least\n",
    )
    assert simulate(tmp_path, NODES, f"{TASK_HEADER}1,1,0,0,\n").code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (".", "is no file, allowed: the name of one, new or old"),
        ("no/such/folder/out.csv", "cannot be written: No such file or directory"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_begun(name: str, said: str, tmp_path: Path) -> None:
    """A folder, or a file in none."""
    ran = simulate(tmp_path, NODES, ARRIVALS, "--placements", str(tmp_path / name))

    assert (ran.code, ran.out, ran.err) == (1, "", f"{tmp_path / name}: {said}\n")


def test_a_file_that_is_not_there_is_named() -> None:
    """With the system's word for it."""
    assert run("--nodes", "/no/such", "--arrivals", "/no/such").err == "/no/such: No such file or directory\n"

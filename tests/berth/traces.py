"""Small traces for tests of `berth simulate`: written, run as a user types it, and what came of them."""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from berth.cli import main

NODES = """sn,cpu_milli,memory_mib,gpu,model
a,10000,4000,2,G2
b,4000,1000,1,T4
"""
# Each of them has one place at most, whatever policy decides.
ARRIVALS = """seq,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec
0,1000,100,1,600,T4
1,1000,100,2,1000,
2,1000,100,1,500,
3,8000,100,0,0,
4,9000,100,0,0,
5,100,5000,0,0,
"""
PODS = """name,cpu_milli,num_gpu,gpu_milli,gpu_spec
x,0,1,400,
y,0,1,600,
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Mapping[str, Any]:
        """The answer, of a run with --json."""
        assert self.code == 0, self.err
        found: Mapping[str, Any] = json.loads(self.out)
        return found


def simulate(folder: Path, nodes: str = NODES, arrivals: str = ARRIVALS, *flags: str) -> Ran:
    """Run the command on a trace of these texts, in a folder."""
    (folder / "nodes.csv").write_text(nodes)
    (folder / "arrivals.csv").write_text(arrivals)
    return run("--nodes", str(folder / "nodes.csv"), "--arrivals", str(folder / "arrivals.csv"), *flags)


def run(*flags: str) -> Ran:
    """Run the command."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["simulate", *flags])
    return Ran(code, out.getvalue(), err.getvalue())


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a file of placements."""
    return list(csv.DictReader(file.read_text().splitlines()))


def table(fields: Sequence[Mapping[str, object]]) -> str:
    """Return rows as CSV."""
    names = list(fields[0])
    return "\n".join([",".join(names), *(",".join(str(each[name]) for name in names) for each in fields), ""])

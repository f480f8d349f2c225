"""A disk that is full: logs are all that the programs write, and nobody waits for them."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.lengths import BEGIN, END, PODS, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.programs import BERTH, Program
from tests.faults.stage import Stage
from tests.faults.survival import untreated

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@contextmanager
def full_disk(program: Program) -> Iterator[None]:
    """Let every write of a running program to any file fail."""
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(program.component.pid, resource.RLIMIT_FSIZE, (0, unlimited))
    try:
        yield
    finally:
        resource.prlimit(program.component.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))


def size_of_log(program: Program) -> int:
    """Return how many bytes it has logged."""
    return program.component.log_path.stat().st_size


def test_logs_cannot_be_written(berth: Stage, record_property: Record) -> None:
    """Pods are treated and bound all the same, and the logs go on once there is room."""
    load = berth.load("disk", PODS)
    with load.running():
        load.reach(BEGIN)
        with ExitStack() as disks:
            for each in berth.programs:
                disks.enter_context(full_disk(each))
            before = [size_of_log(each) for each in berth.programs]
            load.reach(END)
            assert [size_of_log(each) for each in berth.programs] == before
    record_property("all bound after seconds", berth.await_bound())

    assert untreated(berth, load, record_property) == 0
    assert sum(size_of_log(each) for each in berth.programs) > sum(before)


def test_certificates_in_a_folder_stay_whole(tmp_path: Path) -> None:
    """What cannot be written is said, and what was there before stays."""
    made = berth_certs(tmp_path)
    authority = tmp_path / "authority" / "tls.key"
    (tmp_path / "tls.crt").write_text("damaged")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}

    full = berth_certs(tmp_path, "ulimit -f 0; ")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    again = berth_certs(tmp_path)

    assert (made.returncode, full.returncode, again.returncode) == (0, 1, 0)
    assert "File too large" in full.stderr
    assert after == before
    assert authority.read_bytes() == before[authority]
    assert (tmp_path / "tls.crt").read_text() != "damaged"


def berth_certs(folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command that writes them, after something else in the same shell."""
    shell = ["sh", "-c", f'{before}exec "$@"', "sh", str(BERTH), "certs", "--out", str(folder)]
    return subprocess.run(shell, capture_output=True, text=True, check=False)

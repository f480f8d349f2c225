import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import ControlPlane, KubectlError

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0


class Up:
    """A running `python -m sandbox up`, at the head of a process group as under a shell."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.program = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "up"],
            cwd=PROJECT,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        assert self.program.stdout
        self.said = ""
        while "Ctrl-C ends it" not in self.said:
            line = self.program.stdout.readline()
            assert line, self.said
            self.said += line
        self.pids = descendants(self.program.pid)

    def remains(self) -> list[str]:
        """Processes that still run and folders that still are, after the program's end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (left := [*alive(self.pids), *map(str, self.temporary.iterdir())]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left


def process_table() -> list[tuple[int, int, str, str]]:
    """Id, parent, state and name of every process."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], check=True, capture_output=True, text=True)
    rows = [line.split(maxsplit=3) for line in listing.stdout.splitlines()]
    return [(int(pid), int(parent), state, name) for pid, parent, state, name in rows]


def descendants(root: int) -> set[int]:
    """All processes below one."""
    table = process_table()
    found = {root}
    while more := {pid for pid, parent, _, _ in table if parent in found} - found:
        found |= more
    return found - {root}


def alive(pids: set[int]) -> list[str]:
    """Those of the processes that have not ended."""
    return [f"{name} ({pid})" for pid, _, state, name in process_table() if pid in pids and "Z" not in state]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A control plane in a program of its own, with a temporary folder of its own."""
    started = Up(tmp_path)
    assert started.program.stdout
    with started.program.stdout:
        yield started
    started.program.kill()
    started.program.wait()


def test_ctrl_c_ends_it_and_leaves_nothing(up: Up) -> None:
    """Ctrl-C in the terminal reaches the program's whole group; all is gone when it has ended, with exit code 0."""
    os.killpg(up.program.pid, signal.SIGINT)

    assert up.program.wait(PATIENCE_SECONDS) == 0
    assert len(up.pids) >= 6
    assert up.remains() == []


def test_sigterm_ends_it_and_leaves_nothing(up: Up) -> None:
    """A stop by the machine is as clean as one by a person."""
    up.program.terminate()

    assert up.program.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert up.remains() == []


def test_sigkill_leaves_nothing_either(up: Up) -> None:
    """A program that cannot clean up any more is cleaned up after."""
    up.program.kill()

    assert up.program.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert up.remains() == []


def test_it_says_how_to_use_it(up: Up) -> None:
    """The printed kubeconfig and PATH are all that kubectl needs."""
    exports = next(line for line in up.said.splitlines() if "export" in line)

    listed = subprocess.run(["sh", "-c", f"{exports}; kubectl get nodes"], check=True, capture_output=True, text=True)

    assert "h100-2" in listed.stdout


def test_an_exception_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the block, its processes and its folder are gone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = descendants(os.getpid())
    started = ControlPlane(kwok=False)

    with pytest.raises(KubectlError), started:
        started.kubectl("get", "nonsense")

    assert list(tmp_path.iterdir()) == []
    assert not started.folder.exists()
    assert alive(descendants(os.getpid()) - before) == []


def test_what_dies_underneath_ends_it_with_a_message(up: Up) -> None:
    """The program that runs a control plane names the component that died, and ends."""
    apiserver = next(pid for pid, _, _, name in process_table() if pid in up.pids and name.startswith("kube-apiserver"))
    os.kill(apiserver, signal.SIGKILL)

    assert up.program.wait(PATIENCE_SECONDS) == 1
    assert up.program.stdout
    assert "error: kube-apiserver ended with exit code -9" in up.program.stdout.read()
    assert up.remains() == []

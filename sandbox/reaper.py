"""Ends a sandbox when its owner ends, however that comes about: at will, by an exception, or by SIGKILL.

A script of its own, run with its standard input connected to the owner. It makes the sandbox's folder and the process
group that the components join, prints both, and waits for the end of its input, which the kernel brings about when the
owner dies. Then it kills the group and removes the folder. As it lives in a group of its own, Ctrl-C passes it by.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

REMOVAL_ATTEMPTS = 1000


def lead_group() -> int:
    """Forks a sleeping head for a new process group: the group's id stays ours for as long as it sleeps."""
    leader = os.fork()
    if leader == 0:
        while True:
            signal.pause()
    os.setpgid(leader, leader)
    return leader


def kill_group(leader: int) -> None:
    """SIGKILL, because kube-apiserver waits long for an etcd that is dead, and nothing here is worth keeping."""
    os.killpg(leader, signal.SIGKILL)
    os.waitpid(leader, 0)


def remove(folder: Path) -> None:
    """Removes a folder of dying writers: tries again while one of them still adds a file."""
    for _ in range(REMOVAL_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)


def main() -> None:
    """Prints `GROUP FOLDER`, waits for the end of standard input, and cleans up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    folder = Path(tempfile.mkdtemp(prefix="berth-sandbox-"))
    leader = lead_group()
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{leader} {folder}\n".encode())
    sys.stdin.read()
    kill_group(leader)
    remove(folder)


if __name__ == "__main__":
    main()

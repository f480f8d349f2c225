"""The programs of a sandbox: started together, watched, and ended together."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from sandbox.endpoint import Endpoint

LOG_LINES_SHOWN = 30


class ComponentDiedError(Exception):
    """A component ended by itself: the message names it and has the end of its log."""

    def __init__(self, name: str, exit_code: int, log_end: str) -> None:
        super().__init__(f"{name} ended with exit code {exit_code}; the end of its log:\n{log_end}")
        self.name = name
        self.exit_code = exit_code


class Component:
    """A running program with its log; `endpoint` is there when it is a part of Kubernetes that serves HTTPS."""

    endpoint: Endpoint

    def __init__(self, name: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        self._process = process
        self._stopped = False

    @property
    def pid(self) -> int:
        """The id of its operating system process."""
        return self._process.pid

    def log_end(self, lines: int = LOG_LINES_SHOWN) -> str:
        """The last lines that it logged."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def check(self) -> None:
        """Raises ComponentDiedError when it ended without being stopped by us."""
        exit_code = self._process.poll()
        if exit_code is not None and not self._stopped:
            raise ComponentDiedError(self.name, exit_code, self.log_end())

    def stop(self, patience_seconds: float = 10.0) -> int:
        """Asks it to end by SIGTERM, insists by SIGKILL after `patience_seconds`, and returns its exit code."""
        self._stopped = True
        self._process.terminate()
        try:
            return self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Ends it by SIGKILL, as a crash would, and returns its exit code."""
        self._stopped = True
        self._process.send_signal(signal.SIGKILL)
        return self._process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Lets it stand still by SIGSTOP, as a machine does that is overloaded or suspended."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


class ComponentGroup:
    """Components that share a folder and an end: none outlives `close`, nor the program that started them."""

    def __init__(self) -> None:
        self._components: list[Component] = []
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        with cast("IO[bytes]", self._reaper.stdout) as answer:
            group, folder = answer.readline().decode().rstrip("\n").split(" ", maxsplit=1)
        self._group = int(group)
        self.folder = Path(folder)

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]) -> Component:
        """Starts a program in the folder, with its output in NAME.log there."""
        log_path = self.folder / f"{name}.log"
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._group,
            )
        component = Component(name, process, log_path)
        self._components.append(component)
        return component

    def check(self) -> None:
        """Raises ComponentDiedError for the first component that ended by itself."""
        for component in self._components:
            component.check()

    def close(self) -> None:
        """Kills every component and removes the folder, by way of the reaper."""
        cast("IO[bytes]", self._reaper.stdin).close()
        self._reaper.wait()
        for component in self._components:
            component.kill()

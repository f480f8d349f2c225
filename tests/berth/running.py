"""A program in a process of its own, as tests see it: its log, its addresses, its end."""

import http.client
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

TIMEOUT_SECONDS = 30.0


class Running:
    """A started program; `log` has its lines so far, which a thread reads as they are written."""

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.log: list[dict[str, Any]] = []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def says(self, message: str, **fields: Any) -> dict[str, Any]:
        """Return the first line with the message and fields, once it is there; raises AssertionError otherwise."""
        with self._grown:
            assert self._grown.wait_for(lambda: self._found(message, fields), TIMEOUT_SECONDS), self.log
            return self._found(message, fields)[0]

    def get(self, listener: str, path: str) -> tuple[int, str]:
        """Return status and body of a GET on one of its listeners."""
        line = self.says("listening", listener=listener)
        connection = http.client.HTTPConnection(line["address"], line["port"], timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ends(self) -> int:
        """Return the exit code, once the program has ended and its whole log is read."""
        code = self.process.wait(TIMEOUT_SECONDS)
        self._reader.join(TIMEOUT_SECONDS)
        return code

    def _found(self, message: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = {"message": message, **fields}
        return [line for line in self.log if all(line.get(name) == value for name, value in wanted.items())]

    def _read(self) -> None:
        for line in self.process.stderr or ():
            with self._grown:
                self.log.append(json.loads(line))
                self._grown.notify_all()


@contextmanager
def running(command: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[Running]:
    """Start a program; when the test is over, nothing of it is left."""
    started = Running(command, environment)
    try:
        yield started
    finally:
        started.process.kill()
        started.ends()
        if started.process.stderr:
            started.process.stderr.close()

"""Pods that are created, many at a time, while something happens."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sandbox import ControlPlane
from tests.faults.lengths import TEST_SECONDS

# Keeps a figure beside the outcome of a test.
Record = Callable[[str, object], None]

NAMESPACE = "ml"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
# Longer than the API server waits for anybody.
_PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 0.1


@dataclass
class Load:
    """So many pods named after a prefix, created by threads; no faster than `a_second` where that is given.

    `refused` has the words of the API server where it refused one; `unanswered` counts the requests that it left
    without an answer, which are sent again.
    """

    plane: ControlPlane
    prefix: str
    count: int
    threads: int = 16
    a_second: float | None = None
    refused: list[str] = field(default_factory=list)
    unanswered: int = 0
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Create the pods beside the block; leaving it waits for the last one."""
        self._numbers, self._lock = iter(range(self.count)), threading.Lock()
        self._began, self._is_given_up = time.monotonic(), False
        workers = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for each in workers:
            each.start()
        try:
            yield
        except BaseException:
            self._is_given_up = True
            raise
        finally:
            for each in workers:
                each.join()

    @property
    def done(self) -> int:
        """How many pods were answered about."""
        return len(self.seconds) + len(self.refused)

    def reach(self, part: float) -> None:
        """Wait until this part of the pods is done."""
        self.plane.wait(lambda: self.done >= part * self.count, TEST_SECONDS, f"{part:.0%} of the pods are created")

    def _work(self) -> None:
        port, tls = self.plane.api.port, self.plane.api.tls
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS, context=tls)
        while (number := self._next()) is not None:
            while not (self._is_given_up or self._is_answered(connection, pod(f"{self.prefix}-{number:05}"))):
                with self._lock:
                    self.unanswered += 1
                time.sleep(_RETRY_SECONDS)
        connection.close()

    def _next(self) -> int | None:
        """Return the number of the next pod when it is its time, or None where there is none."""
        with self._lock:
            number = next(self._numbers, None)
        if number is not None and self.a_second:
            time.sleep(max(self._began + number / self.a_second - time.monotonic(), 0))
        return None if self._is_given_up else number

    def _is_answered(self, connection: http.client.HTTPSConnection, about: dict[str, Any]) -> bool:
        """Ask for a pod once, and tell whether there is an answer about it."""
        began = time.monotonic()
        try:
            connection.request("POST", PODS, json.dumps(about), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            connection.close()  # It is opened again by the next request.
            return False
        if response.status in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            self.seconds.append(time.monotonic() - began)
        elif response.status < HTTPStatus.INTERNAL_SERVER_ERROR or "webhook" in text:
            self.refused.append(text)
        else:
            return False  # The API server's store does not answer.
        return True


def pod(name: str) -> dict[str, Any]:
    """Return a pod that a profile is for, and that asks for nothing itself."""
    container = {"name": "engine", "image": "vllm/vllm-openai:v0.23.0", "resources": {"limits": {"cpu": "100m"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "llm"}},
        "spec": {"containers": [container]},
    }

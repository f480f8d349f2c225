"""A storm: faults of every kind, one after the other and at the same time, while pods come and go."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from sandbox import ApiError
from sandbox.faults import Asked, Fault
from tests.beside import beside
from tests.chaos.auditor import UNANSWERED, Json
from tests.chaos.cluster import Battlefield

# What a Binding suffers; carried out late is before another extender can have listed what there is.
OF_BINDINGS = (Fault.NONE, Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.LATE, Fault.BUSY, Fault.FAILED_AFTER)
LATE_SECONDS = 0.5


@dataclass
class Storm:
    """What befalls a cluster; `log` has what did, for who reads a failure, `troubles` what was found meanwhile."""

    field_: Battlefield
    chance: random.Random
    log: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    is_given_up: bool = False

    @property
    def kinds(self) -> dict[str, Callable[[], None]]:
        """What can befall it."""
        return {
            "the extender is killed": self.kill,
            "the extender is killed while etcd stands still": self.kill_while_paused,
            "the API server is restarted": self.restart,
            "etcd stands still": self.pause,
            "watches are cut": self.field_.proxy.cut,
            "410 is answered": self.expire,
            "bookmarks are missed and events told twice": self.garble,
            "Bindings and their answers are lost": self.lose,
            "everything is slow": self.slow,
        }

    def strike(self, name: str) -> None:
        """Let one befall it."""
        began = time.monotonic()
        self.kinds[name]()
        self.log.append(f"{name} ({time.monotonic() - began:.1f} s)")

    def kill(self) -> None:
        """Kill the extender, and start it after a while."""
        self.field_.kill_extender()
        time.sleep(LATE_SECONDS + self.chance.random())
        self.field_.extender.start()

    def kill_while_paused(self) -> None:
        """Kill it while nothing can be carried out."""
        with self.field_.plane.etcd.paused():
            time.sleep(0.3)
            self.field_.kill_extender()
            time.sleep(self.chance.random())
        self.field_.extender.start()

    def restart(self) -> None:
        """Restart the API server."""
        self.field_.plane.restart_apiserver(self.chance.random())

    def pause(self) -> None:
        """Let etcd stand still."""
        with self.field_.plane.etcd.paused():
            time.sleep(1 + 2 * self.chance.random())

    def expire(self) -> None:
        """Answer watches and lists with 410, and cut those that are open."""
        self.field_.proxy.choose = lambda asked: Fault.EXPIRED if asked.is_watch else Fault.NONE
        self.field_.proxy.cut()
        time.sleep(self.chance.random())
        self.field_.proxy.calm()

    def garble(self) -> None:
        """Leave bookmarks out, and tell events twice."""
        self.field_.proxy.has_bookmarks, self.field_.proxy.tells_twice = False, True
        self.field_.proxy.cut()
        time.sleep(1 + self.chance.random())
        self.field_.proxy.calm()

    def lose(self) -> None:
        """Lose Bindings, or their answers, or carry them out late."""
        self.field_.proxy.late_seconds = LATE_SECONDS
        self.field_.proxy.choose = self._of_binding
        time.sleep(1.5 + self.chance.random())
        self.field_.proxy.calm()

    def slow(self) -> None:
        """Let every request wait, so that orders take longer than kube-scheduler does."""
        self.field_.proxy.delay_seconds = 2.5
        time.sleep(2)
        self.field_.proxy.calm()

    def _of_binding(self, asked: Asked) -> Fault:
        return self.chance.choice(OF_BINDINGS) if asked.is_binding else Fault.NONE

    @contextmanager
    def beside(self, *works: Callable[[threading.Event], None]) -> Iterator[None]:
        """Let works run beside, until it is over."""
        with beside(*works):
            try:
                yield
            except BaseException:
                self.is_given_up = True
                raise

    def audit(self, over: threading.Event, pause_seconds: float) -> None:
        """Look again and again whether something is held twice."""
        while not over.wait(pause_seconds):
            with suppress(*UNANSWERED):
                self.troubles += self.field_.audit().troubles()

    def create(self, pods: Iterator[Json], pause_seconds: float) -> None:
        """Create pods, each however often it takes, unless the storm was given up."""
        for pod in pods:
            while not (self.is_given_up or self._created(pod)):
                time.sleep(0.2)
            time.sleep(0 if self.is_given_up else pause_seconds)

    def _created(self, pod: Json) -> bool:
        try:
            self.field_.create(pod)
        except UNANSWERED as error:
            return isinstance(error, ApiError) and error.status == HTTPStatus.CONFLICT
        return True

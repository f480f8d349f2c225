"""Whatever befalls the extender while pods come: the shipped scheduler binds them, no device is promised twice."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from sandbox import Component
from tests.beside import beside
from tests.faults.lengths import IS_LONG, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.stage import Stage
from tests.faults.survival import untreated

pytestmark = pytest.mark.timeout(TEST_SECONDS)

PODS = 2000 if IS_LONG else 60
FAULT_SECONDS = 60.0 if IS_LONG else 4.0
# Of each slice the extender runs so much; the scheduler waits 0.5 s for it (httpTimeout).
SLICE_SECONDS, RUNNING_SECONDS = 0.4, 0.02


def survive(berth: Stage, record: Record, fault: AbstractContextManager[None]) -> None:
    """Create pods while a fault befalls the extender, and see what became of them."""
    load = berth.load("pod", PODS, a_second=PODS / FAULT_SECONDS)
    with load.running():
        load.reach(0.1)
        with fault:
            before = berth.bound()
            time.sleep(FAULT_SECONDS * 0.7)
            bound = berth.bound() - before
    record("bound meanwhile", bound)
    record("all bound after seconds", berth.await_bound())
    record("account true after seconds", berth.await_account())

    assert untreated(berth, load, record) == 0
    assert berth.audit().troubles() == []
    assert bound > 0


def test_killed(berth: Stage, record_property: Record) -> None:
    """Whole accelerators are scheduled without it."""
    survive(berth, record_property, killed(berth))


def test_hung(berth: Stage, record_property: Record) -> None:
    """Each pod waits 0.5 s for it, and is bound without it."""
    survive(berth, record_property, berth.extender.component.paused())


def test_slow(berth: Stage, record_property: Record) -> None:
    """It gets a twentieth of a processor."""
    survive(berth, record_property, starved(berth.extender.component))


@contextmanager
def killed(berth: Stage) -> Iterator[None]:
    """Let the extender be away as after a crash."""
    berth.extender.kill()
    yield
    berth.extender.start()
    berth.await_ready()


@contextmanager
def starved(component: Component) -> Iterator[None]:
    """Let a program run for a small part of each slice of time."""

    def starve(over: threading.Event) -> None:
        while not over.is_set():
            with component.paused():
                over.wait(SLICE_SECONDS)
            over.wait(RUNNING_SECONDS)

    with beside(starve):
        yield

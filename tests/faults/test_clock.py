"""The clock of Berth's machines jumps by an hour, there and back, while pods are created."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.faults.clock import COMPILER, Clock
from tests.faults.lengths import IS_LONG, PODS, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.stage import Stage
from tests.faults.survival import untreated

pytestmark = [
    pytest.mark.timeout(TEST_SECONDS),
    pytest.mark.skipif(COMPILER is None, reason="a C compiler makes what shifts the clock, and there is none"),
]

HOUR = timedelta(hours=1)
LOAD_SECONDS = 60 if IS_LONG else 4


@pytest.fixture
def clock(berth: Stage, tmp_path: Path) -> Clock:
    """The clock of every program of the stage, from here on."""
    made = Clock(tmp_path)
    berth.restart(*berth.programs, **made.environment)
    return made


def test_the_time_jumps_by_an_hour(berth: Stage, clock: Clock, record_property: Record) -> None:
    """To the future, and then to the past: nothing is refused, and nobody is asked to wait."""
    load = berth.load("clock", PODS, a_second=PODS / LOAD_SECONDS)
    with load.running():
        for part, jump in ((0.2, HOUR), (0.5, -HOUR), (0.8, timedelta())):
            load.reach(part)
            clock.jump(jump)
            berth.wait(partial(is_told, berth, jump), "the log tells of another time")
            assert all(each.is_ready for each in berth.programs)
    record_property("all bound after seconds", berth.await_bound())

    assert untreated(berth, load, record_property) == 0
    assert [each.logged("Traceback") for each in berth.programs] == [[]] * len(berth.programs)


def is_told(berth: Stage, jump: timedelta) -> bool:
    """Whether what the webhooks logged last is so far ahead of our own time."""
    lines = [json.loads(each.logged('"time"')[-1]) for each in berth.webhooks]
    ahead = [datetime.fromisoformat(each["time"]) - datetime.now(UTC) for each in lines]
    return any(abs(each - jump) < HOUR / 10 for each in ahead)

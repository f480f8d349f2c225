"""Whatever befalls the webhook while pods are created: none is refused, and those that it missed are reported."""

from contextlib import ExitStack

import pytest

from tests.faults.lengths import BEGIN, END, IS_LONG, PODS, TEST_SECONDS
from tests.faults.load import Record
from tests.faults.stage import Stage
from tests.faults.survival import untreated

pytestmark = pytest.mark.timeout(TEST_SECONDS)

# The API server waits so long for a webhook that does not answer; many creations at a time make it bearable here.
TIMEOUT_SECONDS = 3.0
AT_A_TIME = 100 if IS_LONG else 50


def test_one_replica_is_killed(berth: Stage, record_property: Record) -> None:
    """What it had under way is lost, and the other one answers the rest."""
    load = berth.load("one", PODS)
    with load.running():
        load.reach(BEGIN)
        berth.webhooks[0].kill()
        load.reach(END)
        berth.webhooks[0].start()

    assert untreated(berth, load, record_property) <= load.threads


def test_both_replicas_are_killed(berth: Stage, record_property: Record) -> None:
    """Pods are created without Berth until one is back."""
    load = berth.load("both", PODS)
    with load.running():
        load.reach(BEGIN)
        for each in berth.webhooks:
            each.kill()
        load.reach(END)
        for each in berth.webhooks:
            each.start()
    berth.await_ready()

    assert untreated(berth, load, record_property) > 0


def test_both_replicas_stand_still(berth: Stage, record_property: Record) -> None:
    """Each creation takes as much longer as the API server waits."""
    load = berth.load("still", PODS, threads=AT_A_TIME)
    with load.running(), ExitStack() as pauses:
        load.reach(BEGIN)
        for each in berth.webhooks:
            pauses.enter_context(each.component.paused())
        load.reach(END)
        pauses.close()

    assert untreated(berth, load, record_property) > 0
    assert max(load.seconds) >= TIMEOUT_SECONDS


def test_answers_come_later_than_the_api_server_waits(berth: Stage, record_property: Record) -> None:
    """An answer that nobody waits for is none."""
    load = berth.load("slow", PODS, threads=AT_A_TIME)
    with load.running():
        load.reach(BEGIN)
        with berth.service.slow(TIMEOUT_SECONDS + 1):
            load.reach(END)

    assert untreated(berth, load, record_property) > 0
    assert max(load.seconds) >= TIMEOUT_SECONDS

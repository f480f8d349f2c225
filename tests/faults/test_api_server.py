"""Whatever befalls the API server and its store while pods are created: Berth goes on where it was, by itself."""

import time
from contextlib import ExitStack

import pytest

from tests.faults.lengths import BEGIN, END, IS_LONG, PODS, TEST_SECONDS
from tests.faults.load import Load, Record
from tests.faults.stage import Stage
from tests.faults.store import Store
from tests.faults.survival import untreated

pytestmark = pytest.mark.timeout(TEST_SECONDS)

PAUSE_SECONDS = 30.0 if IS_LONG else 1.5


def assert_goes_on(berth: Stage, load: Load, record: Record) -> None:
    """No program ended, all pods are there and have a node, and the account is true."""
    record("every program ready after seconds", berth.await_ready())
    record("requests without an answer", load.unanswered)
    untreated(berth, load, record)
    record("all bound after seconds", berth.await_bound())
    record("account true after seconds", berth.await_account())

    assert berth.audit().troubles() == []
    berth.plane.check()


def test_the_api_server_is_restarted(berth: Stage, record_property: Record) -> None:
    """As a crash would: every watch is lost."""
    load = berth.load("restart", PODS)
    with load.running():
        load.reach(BEGIN)
        berth.plane.restart_apiserver(PAUSE_SECONDS / 3)

    assert_goes_on(berth, load, record_property)


def test_etcd_stands_still(berth: Stage, record_property: Record) -> None:
    """Nothing can be read or written meanwhile."""
    load = berth.load("etcd", PODS)
    with load.running():
        load.reach(BEGIN)
        with berth.plane.etcd.paused():
            time.sleep(PAUSE_SECONDS)

    assert_goes_on(berth, load, record_property)


def test_the_disk_of_etcd_is_full(berth: Stage, record_property: Record) -> None:
    """Reads are answered, and all writes are refused: those of Berth too, which tries them again."""
    load = berth.load("full", PODS)
    with load.running():
        load.reach(BEGIN)
        with Store(berth.plane).full():
            time.sleep(PAUSE_SECONDS)

    assert_goes_on(berth, load, record_property)


def test_the_version_of_every_watch_is_compacted(berth: Stage, record_property: Record) -> None:
    """Programs that stood still meanwhile ask for a version that nobody has, and list anew."""
    path = "/api/v1/pods"
    before = [each.metric("berth_watch_lists_total", path=path) for each in berth.programs]
    load = berth.load("compacted", PODS)
    with load.running():
        load.reach(BEGIN)
        with ExitStack() as pauses:
            for each in (berth.controller, berth.extender, berth.webhooks[1]):
                pauses.enter_context(each.component.paused())
            berth.plane.restart_apiserver()  # What happens from here on is in no buffer of a watch.
            load.reach(END)
            record_property("compacted to revision", Store(berth.plane).compact())
            berth.plane.restart_apiserver()

    assert_goes_on(berth, load, record_property)
    after = [each.metric("berth_watch_lists_total", path=path) for each in berth.programs]
    assert [now > then for now, then in zip(after, before, strict=True)][1:] == [True] * 3

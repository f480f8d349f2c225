"""After the extender's return the first pod is bound within five seconds, with the back-off that we ship."""

import time
from pathlib import Path

import yaml

from tests.chaos.cluster import Battlefield, share_pod
from tests.extender.scheduling import PROJECT, Cluster, scheduler_configuration

MANIFEST = PROJECT / "manifests/base/scheduler/kube-scheduler.yaml"
KEYS = ("podInitialBackoffSeconds", "podMaxBackoffSeconds")


def test_a_pod_that_waited_long_is_bound_within_five_seconds(field: Battlefield) -> None:
    """Its back-off is at its longest by then."""
    cluster = Cluster(field.plane)
    field.kill_extender()
    cluster.create(share_pod("patient", 300))
    time.sleep(8)
    field.extender.start()
    returned = time.monotonic()

    cluster.node_of("patient", 10)
    assert time.monotonic() - returned < 5


def test_the_scheduler_of_these_tests_backs_off_as_the_shipped_one() -> None:
    """Or the other test would say nothing."""
    documents = _embedded(MANIFEST)
    tested = scheduler_configuration("")
    assert [documents[key] for key in KEYS] == [tested[key] for key in KEYS]


def _embedded(path: Path) -> dict[str, int]:
    found: dict[str, int] = yaml.safe_load(path.read_text())
    return found

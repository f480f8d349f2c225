"""Two kube-schedulers of which one leads, each with an extender of its own: a killed leader is followed."""

import os
import random
from dataclasses import dataclass

import pytest

from sandbox import Component, ComponentDiedError, ControlPlane
from tests.chaos.auditor import Audit, differences
from tests.chaos.cluster import configuration, mixed_pod
from tests.extender.scheduling import Cluster, ExtenderProgram

IS_LONG = os.environ.get("BERTH_SOAK") == "1"
PODS = 45
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/kube-scheduler"
# The defaults are 15 s, 10 s and 2 s.
ELECTION = {
    "leaderElect": True,
    "resourceNamespace": "default",
    "resourceName": "kube-scheduler",
    "leaseDuration": "3s",
    "renewDeadline": "2s",
    "retryPeriod": "500ms",
}


@dataclass
class Replica:
    """A kube-scheduler and the extender that it asks, as they stand in one pod."""

    extender: ExtenderProgram
    scheduler: Component

    @classmethod
    def start(cls, plane: ControlPlane, name: str) -> "Replica":
        """Start both, each ready."""
        extender = ExtenderProgram(plane)
        content = {**configuration(extender.url), "leaderElection": ELECTION}
        return cls(extender, plane.start_scheduler(content, name))

    def kill(self) -> None:
        """End both as the loss of their node would."""
        self.scheduler.kill()
        self.extender.component.kill()


def holder(plane: ControlPlane) -> str:
    """Return who leads."""
    return str(plane.api.get(LEASE)["spec"].get("holderIdentity", ""))


def leases(plane: ControlPlane) -> list[str]:
    """Return the names of the leases that are there."""
    items = plane.api.get(LEASE.rpartition("/")[0])["items"]
    return [each["metadata"]["name"] for each in items]


def bound(plane: ControlPlane) -> int:
    """Return how many pods have a node."""
    audit = Audit.of(plane.api)
    return len(audit.pods) - len(audit.waiting)


def first_leads(plane: ControlPlane) -> tuple[Replica, Replica]:
    """Start two, of which the first one leads."""
    plane.kubectl("delete", "lease", "kube-scheduler", "--ignore-not-found")
    first = Replica.start(plane, "first")
    plane.wait(lambda: "kube-scheduler" in leases(plane), 20, "the first one leads")
    leader = holder(plane)
    second = Replica.start(plane, "second")
    assert holder(plane) == leader
    return first, second


def assert_all_is_well(plane: ControlPlane, working: Replica) -> None:
    """All pods are placed, nothing is held twice, and who works now knows what the API server tells."""
    plane.wait(lambda: bound(plane) == PODS, 60, "all pods are placed")
    assert Audit.of(plane.api).troubles() == []
    address = working.extender.url.removesuffix("/scheduler") + "/v1/inventory"
    plane.wait(lambda: not differences(Audit.of(plane.api), address), 20, "its account is true")
    assert working.extender.total("decisions_total") > 0


def test_a_killed_leader_is_followed_and_nothing_is_promised_twice(cluster: Cluster) -> None:
    """Pods go on coming; the standby's extender knows what its fellow gave away from the API server alone."""
    plane, chance = cluster.plane, random.Random(8)
    pods = [mixed_pod(index, chance) for index in range(PODS)]
    first, second = first_leads(plane)
    cluster.create(*pods[:20])
    plane.wait(lambda: bound(plane) >= 5, 20, "some pods are placed")

    first.kill()
    before = bound(plane)
    cluster.create(*pods[20:])
    plane.wait(lambda: bound(plane) > before, 60, "the standby places pods")

    assert_all_is_well(plane, second)
    second.kill()


@pytest.mark.skipif(not IS_LONG, reason="make soak runs it: half a minute for what a killed leader nearly shows")
def test_a_leader_that_stood_still_ends_when_it_finds_another_one(cluster: Cluster) -> None:
    """As on a machine that was suspended: what it knew is old by then."""
    plane, chance = cluster.plane, random.Random(8)
    pods = [mixed_pod(index, chance) for index in range(PODS)]
    first, second = first_leads(plane)
    cluster.create(*pods[:20])
    leader = holder(plane)
    with first.scheduler.paused():
        plane.wait(lambda: holder(plane) != leader, 20, "the standby leads")
        before = bound(plane)
        cluster.create(*pods[20:])
        plane.wait(lambda: bound(plane) > before, 60, "the standby places pods")

    with pytest.raises(ComponentDiedError, match="first ended"):
        plane.wait(lambda: False, 20, "the first one notices")
    first.kill()
    assert_all_is_well(plane, second)
    second.kill()

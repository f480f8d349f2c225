"""Preemption on a stock kube-scheduler: who is evicted, and that nobody is in vain.

Nothing ends pods here: an evicted one stays until the test deletes it, as if it took long to end.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import ControlPlane
from tests.extender.scheduling import H100, HIGH, MIDDLE, PODS, PRIORITIES, Cluster, ExtenderProgram, Json, gpu_pod
from tests.extender.test_shares import Sharing, configuration, shared_node

# So long nothing else is evicted; a pod that waits is tried again within a second or two.
QUIET_SECONDS = 3

NODES = {"small": 3, "large": 4}


@pytest.fixture(scope="module")
def plane_with_priorities(plane: ControlPlane) -> ControlPlane:
    """The control plane with classes of priority."""
    plane.apply(PRIORITIES)
    return plane


@pytest.fixture(scope="module")
def sharing(plane_with_priorities: ControlPlane) -> Iterator[Sharing]:
    """A scheduler of its own, and two nodes that offer shares."""
    plane, name = plane_with_priorities, "preempting-shares"
    program = ExtenderProgram(plane)
    plane.add_nodes([_named(shared_node(*each)) for each in NODES.items()])
    scheduler = plane.start_scheduler(configuration(program.url, name, is_listed=True), name)
    yield Sharing(plane, program, name)
    scheduler.stop()
    program.component.stop()
    plane.kubectl("delete", "node", *NODES)


def _named(node: Json) -> Json:
    node["metadata"]["labels"] = {"kubernetes.io/hostname": node["metadata"]["name"]}
    return node


@pytest.fixture
def cluster_of_shares(sharing: Sharing) -> Iterator[Sharing]:
    """The cluster without pods."""
    yield sharing
    sharing.delete_pods()


def evicted(cluster: Cluster) -> set[str]:
    """Return the pods that are to end."""
    pods = [each["metadata"] for each in cluster.plane.api.get(PODS)["items"]]
    return {each["name"] for each in pods if each.get("deletionTimestamp")}


def await_evicted(cluster: Cluster, names: set[str]) -> None:
    """Wait until these pods are to end, and see that no others are to."""
    cluster.plane.wait(lambda: evicted(cluster) >= names, 20, f"{names} are evicted")
    time.sleep(QUIET_SECONDS)
    assert evicted(cluster) == names


def nominated(cluster: Cluster, name: str) -> str:
    """Return the node for which a pod waits."""
    return str(cluster.pod(name)["status"].get("nominatedNodeName", ""))


def test_a_pod_gets_the_node_on_which_fewest_devices_are_lost(
    plane_with_priorities: ControlPlane, program: ExtenderProgram, cluster: Cluster
) -> None:
    """kube-scheduler alone would rather evict one pod of eight GPUs than two of one."""
    assert plane_with_priorities is cluster.plane
    tenants = {
        "large": ("h100-0", 8, None),
        "half": ("h100-1", 4, None),
        "other-half": ("h100-1", 4, MIDDLE),
        "important": ("h100-2", 6, MIDDLE),
        "one": ("h100-2", 1, None),
        "another": ("h100-2", 1, None),
    }
    for name, (node, count, priority) in tenants.items():
        spec: dict[str, Any] = {"priorityClassName": priority} if priority else {}
        cluster.create(gpu_pod(name, count, nodeSelector=H100 | {"kubernetes.io/hostname": node}, **spec))
        assert cluster.node_of(name) == node

    cluster.create(gpu_pod("urgent", 2, nodeSelector=H100, priorityClassName=HIGH))

    await_evicted(cluster, {"one", "another"})
    assert nominated(cluster, "urgent") == "h100-2"
    assert program.metric("requests_total", verb="preempt", outcome="answered") >= 1
    cluster.delete("one")
    time.sleep(1)
    assert evicted(cluster) == {"another"}
    cluster.delete("another")
    assert cluster.node_of("urgent") == "h100-2"
    assert evicted(cluster) == set()


def test_a_pod_of_equal_priority_evicts_nobody(
    plane_with_priorities: ControlPlane, program: ExtenderProgram, cluster: Cluster
) -> None:
    """And hears what it waits for."""
    assert plane_with_priorities is cluster.plane
    assert program.port
    for index in range(3):
        cluster.create(gpu_pod(f"peer-{index}", 8, nodeSelector=H100, priorityClassName=HIGH))
        cluster.node_of(f"peer-{index}")

    cluster.create(gpu_pod("late", 8, nodeSelector=H100, priorityClassName=HIGH))

    assert "Insufficient nvidia.com/gpu" in cluster.refusal("late")
    time.sleep(1)
    assert evicted(cluster) == set()


@pytest.mark.parametrize(("elsewhere", "restarts"), [(MIDDLE, True), (HIGH, False)], ids=["restart", "nowhere else"])
def test_a_pod_with_shares_gets_the_victims_of_one_device_and_nobody_else_leaves_while_they_end(
    cluster_of_shares: Sharing, elsewhere: str, *, restarts: bool
) -> None:
    """kube-scheduler alone would evict the two least important pods, which are of different devices, in vain."""
    sharing, small = cluster_of_shares, {"kubernetes.io/hostname": "small"}
    # Devices in the order of their creation: a and c, then b and d, then e.
    for name, priority in {"a": None, "c": MIDDLE, "b": None, "d": MIDDLE, "e": HIGH}.items():
        spec: dict[str, Any] = {"priorityClassName": priority} if priority else {}
        sharing.share(name, 500, nodeSelector=small, **spec)
        sharing.node_of(name)
    for index in range(4):
        sharing.share(
            f"elsewhere-{index}", 1000, nodeSelector={"kubernetes.io/hostname": "large"}, priorityClassName=elsewhere
        )
        sharing.node_of(f"elsewhere-{index}")
    devices = {each: sharing.pod(each)["metadata"]["annotations"]["berth.ome.io/devices"] for each in "abcde"}
    assert devices == {"a": "0", "c": "0", "b": "1", "d": "1", "e": "2"}

    sharing.share("urgent", 1000, priorityClassName=HIGH)

    await_evicted(sharing, {"a", "c"})
    assert nominated(sharing, "urgent") == "small"
    if restarts:
        sharing.program.component.kill()
        sharing.program.start()
    # The sum of the node is enough from here on, but no device of it.
    sharing.delete("a")
    await_evicted(sharing, {"c"})
    assert nominated(sharing, "urgent") == "small"
    sharing.share("latecomer", 500, nodeSelector=small)
    sharing.refusal("latecomer")
    sharing.delete("c")

    assert sharing.node_of("urgent") == "small"
    assert sharing.pod("urgent")["metadata"]["annotations"]["berth.ome.io/devices"] == "0"
    assert evicted(sharing) == set()
    taken = sharing.taken()
    assert taken["small", 0] == 1000
    assert taken["small", 2] <= 1000
    assert sharing.program.metric("bindings_total", outcome="lost_race") == 0


def test_pods_that_come_at_once_each_get_devices_of_their_own(cluster_of_shares: Sharing) -> None:
    """Just those leave whose devices are needed, however the nominations overlap in time."""
    cluster = cluster_of_shares
    for index in range(2 * sum(NODES.values())):
        cluster.share(f"low-{index}", 500)
    for index in range(2 * sum(NODES.values())):
        cluster.node_of(f"low-{index}")
    urgent = [f"urgent-{index}" for index in range(4)]

    for each in urgent:
        cluster.share(each, 1000, priorityClassName=HIGH)
    gone = set[str]()

    def all_bound() -> bool:
        leaving = evicted(cluster)
        for each in leaving:
            cluster.delete(each)
        gone.update(leaving)
        return all(cluster.pod(each)["spec"].get("nodeName") for each in urgent)

    cluster.plane.wait(all_bound, 30, "all are bound")
    assert len(gone) == 2 * len(urgent)
    assert all(each.startswith("low-") for each in gone)
    assert all(count <= 1000 for count in cluster.taken().values())

"""A stock kube-scheduler that asks the extender: where pods land, and what is written about it."""

import time

from sandbox import load_nodes
from tests.extender.scheduling import A100, H100, Cluster, ExtenderProgram, gpu_pod

OVERLAPPING = """
apiVersion: ome.io/v1beta1
kind: AcceleratorClass
metadata: {name: any-nvidia}
spec:
  vendor: nvidia
  discovery: {nodeSelector: {nvidia.com/gpu.present: "true"}}
  capabilities: {memoryGB: 15}
"""


def test_small_pods_fill_a_started_node_so_that_an_eight_gpu_pod_still_finds_an_empty_one(cluster: Cluster) -> None:
    """Nine small pods take two of three nodes; kube-scheduler alone would spread them over all."""
    small = [gpu_pod(f"small-{index}", 1, nodeSelector=H100) for index in range(9)]
    cluster.create(*small)
    nodes = [cluster.node_of(each["metadata"]["name"]) for each in small]
    cluster.create(gpu_pod("large", 8, nodeSelector=H100))

    assert len(set(nodes)) == 2
    assert cluster.node_of("large") not in nodes


def test_a_pod_of_another_vendor_is_placed_and_its_wrong_nodes_have_reasons(
    cluster: Cluster, program: ExtenderProgram
) -> None:
    """The journal and the annotation say the same."""
    cluster.create(gpu_pod("amd", 4, "amd.com/gpu"))

    node = cluster.node_of("amd")
    written = cluster.placement("amd")

    assert node.startswith("mi300x-")
    assert written["node"] == node
    assert "chosen" not in written
    assert written["score"]["stranded"] > 0
    assert [each["node"] for each in written["runnersUp"]] == [f"mi300x-{1 - int(node[-1])}"]
    assert program.decision("amd")["chosen"]["node"] == node
    assert program.decision("amd")["explanation"] == "2/2 nodes fit"


def test_a_pod_that_fits_nowhere_gets_one_event_that_says_why(cluster: Cluster, program: ExtenderProgram) -> None:
    """kube-scheduler's own filters reject every node before the extender is asked; a survey tells the whole story."""
    cluster.create(gpu_pod("giant", 16, nodeSelector=H100))
    cluster.refusal("giant")

    cluster.plane.wait(lambda: cluster.events("giant", "NoAccelerator"), 20, "the event is there")
    cluster.create(gpu_pod("other", 1))
    cluster.node_of("other")
    time.sleep(2)

    (event,) = cluster.events("giant", "NoAccelerator")
    assert event["note"].startswith(f"0/{len(load_nodes())} nodes fit: 3 node(s) ")
    assert "3 node(s) with fewer nvidia.com/gpu than asked" in event["note"]
    assert "2 node(s) of class nvidia-l4, not selected by the pod" in event["note"]
    assert event["type"] == "Warning"
    assert event["regarding"]["uid"] == cluster.pod("giant")["metadata"]["uid"]
    assert event["reportingController"] == "berth.ome.io/extender"
    assert program.decision("giant")["isSurvey"] is True


def test_a_second_extender_that_is_not_asked_says_nothing_twice(cluster: Cluster) -> None:
    """Its scheduler does not lead: it explains the same to nobody, and annotates nothing."""
    standby = ExtenderProgram(cluster.plane)
    cluster.create(gpu_pod("twice", 16), gpu_pod("placed", 1))

    def told() -> float:
        return sum(standby.metric("events_total", outcome=outcome) for outcome in ("written", "moot"))

    cluster.plane.wait(told, 20, "the standby has tried to tell it too")
    cluster.plane.wait(lambda: cluster.events("twice", "NoAccelerator"), 20, "the event is there")
    cluster.placement("placed")

    assert len(cluster.events("twice", "NoAccelerator")) == 1
    assert standby.metric("annotations_total", outcome="written") == 0
    standby.component.stop()


def test_a_pod_for_which_there_is_room_is_told_that_it_waits_for_something_else(cluster: Cluster) -> None:
    """What keeps it from there is not the accelerators, and the scheduler's own message has it."""
    apart = {"labelSelector": {"matchLabels": {"app": "nobody"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    cluster.create(gpu_pod("lonely", 1, nodeSelector=A100, affinity=affinity))

    assert "pod affinity" in cluster.refusal("lonely")
    (event,) = cluster.plane.wait(lambda: cluster.events("lonely", "AcceleratorFree"), 20, "the event is there")
    assert "there is room on a100-0, a100-1, and the scheduler's own message" in event["note"]


def test_a_pod_with_wishes_goes_where_it_wishes_among_equals(cluster: Cluster, program: ExtenderProgram) -> None:
    """Filter lets all that fit pass, prioritize scores them, and the scheduler adds the wish."""
    asked_before = program.metric("requests_total", verb="prioritize", outcome="answered")
    zone = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a100-1"]}]}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": zone}]}
    cluster.create(gpu_pod("wishing", 8, nodeSelector=A100, affinity={"nodeAffinity": wish}))

    assert cluster.node_of("wishing") == "a100-1"
    assert program.metric("requests_total", verb="prioritize", outcome="answered") == asked_before + 1
    assert cluster.placement("wishing")["chosen"] == "a100-0"


def test_classes_may_overlap_on_a_node(cluster: Cluster) -> None:
    """A node of two classes offers its devices once: what one class's pods hold is not free for the other's."""
    cluster.plane.apply(OVERLAPPING)
    everywhere = {"nvidia.com/gpu.present": "true"}
    pods = [gpu_pod(f"overlap-{index}", 8, nodeSelector=everywhere) for index in range(5)]
    cluster.create(*pods)
    nodes = [cluster.node_of(each["metadata"]["name"]) for each in pods]

    cluster.create(gpu_pod("too-many", 8, nodeSelector=everywhere))
    assert "Insufficient nvidia.com/gpu" in cluster.refusal("too-many")
    cluster.plane.kubectl("delete", "acceleratorclass", "any-nvidia")

    assert sorted(nodes) == ["a100-0", "a100-1", "h100-0", "h100-1", "h100-2"]


def test_pods_in_flight_are_counted_until_they_are_bound(cluster: Cluster, program: ExtenderProgram) -> None:
    """Twelve pods at once on two nodes of two GPUs and what else there is; afterwards nothing is in flight."""
    pods = [gpu_pod(f"burst-{index}", 2, nodeSelector={"nvidia.com/gpu.present": "true"}) for index in range(12)]
    cluster.create(*pods)
    nodes = [cluster.node_of(each["metadata"]["name"]) for each in pods]

    # Two on T4 (2 of 2 each), four on L4 (2 of 4 each), and the last six on as few of the large ones as hold them.
    assert {node: nodes.count(node) for node in set(nodes) if node[0] in "tl"} == {
        "t4-0": 1,
        "t4-1": 1,
        "l4-0": 2,
        "l4-1": 2,
    }
    assert sum(node.startswith(("h100", "a100")) for node in nodes) == 6
    assert len({node for node in nodes if node.startswith(("h100", "a100"))}) == 2
    cluster.plane.wait(lambda: program.metric("holds") == 0, 20, "nothing is in flight")


def test_killing_the_extender_in_the_middle_of_scheduling_costs_no_pod(
    cluster: Cluster, program: ExtenderProgram
) -> None:
    """A dead extender costs quality, never a pod; when it is back it is asked again."""
    pods = [gpu_pod(f"wave-{index}", 1) for index in range(40)]
    for number, pod in enumerate(pods):
        cluster.create(pod)
        if number == 15:
            cluster.node_of("wave-5")
            program.component.kill()
    nodes = [cluster.node_of(each["metadata"]["name"]) for each in pods]

    program.start()
    cluster.create(gpu_pod("after", 1))

    capacity = {"h100": 8, "a100": 8, "l4": 4, "t4": 2}
    assert all(nodes.count(node) <= capacity[node.partition("-")[0]] for node in set(nodes))
    assert cluster.node_of("after")
    assert program.metric("decisions_total", verdict="placed") == 1
    assert program.decision("after")["chosen"]["node"] == cluster.node_of("after")

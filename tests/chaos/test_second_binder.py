"""Somebody else binds pods onto our nodes: such a node is full and people are told of it, until it is right again."""

from collections.abc import Mapping

from sandbox.faults import Fault
from tests.chaos.auditor import DEVICES
from tests.chaos.cluster import Battlefield, share_pod
from tests.extender.scheduling import PODS, Cluster, Json, gpu_pod

EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
STRANGER = "somebody-else"


def bind(field: Battlefield, name: str, node: str, annotations: Mapping[str, str]) -> None:
    """Bind a pod, as another scheduler does."""
    metadata = {"name": name, "annotations": dict(annotations)}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": {"kind": "Node", "name": node}}
    field.plane.api.send("POST", f"{PODS}/{name}/binding", body)


def events_about(field: Battlefield, node: str) -> list[Json]:
    """Return the events that say that devices of a node are promised twice."""
    found = field.plane.api.get(f"{EVENTS}?fieldSelector=regarding.name={node}")["items"]
    return [each for each in found if each["reason"] == "DevicesPromisedTwice"]


def trespassed(field: Battlefield) -> float:
    """Return how many nodes the extender counts."""
    return field.extender.metric("trespassed_nodes")


def test_a_node_whose_device_is_promised_twice_is_full_until_it_is_right(field: Battlefield) -> None:
    """The other devices of the node too: who binds there is not to be trusted with them."""
    cluster = Cluster(field.plane)
    only = {"nodeSelector": {"only": "shared-0"}}
    field.plane.kubectl("label", "node", "shared-0", "only=shared-0", "--overwrite")
    cluster.create(share_pod("ours", 600, **only))
    assert cluster.node_of("ours") == "shared-0"
    (device,) = cluster.pod("ours")["metadata"]["annotations"][DEVICES].split(",")
    cluster.create(share_pod("theirs", 700, schedulerName=STRANGER))
    bind(field, "theirs", "shared-0", {DEVICES: device})

    field.plane.wait(lambda: trespassed(field) == 1, 15, "the node is counted")
    (event,) = field.plane.wait(lambda: events_about(field, "shared-0"), 20, "an event tells of it")
    assert f"{STRANGER}: default/theirs" in event["note"]
    assert "berth-scheduler: default/ours" in event["note"]
    cluster.create(share_pod("late", 100, **only))
    assert "too few free" in cluster.refusal("late")

    cluster.delete("theirs")
    assert cluster.node_of("late", 20) == "shared-0"
    field.plane.wait(lambda: trespassed(field) == 0, 15, "it is right again")
    assert len(events_about(field, "shared-0")) == 1


def test_a_pod_with_a_share_that_does_not_tell_its_devices_fills_its_node(field: Battlefield) -> None:
    """Any device may be the one."""
    cluster = Cluster(field.plane)
    cluster.create(share_pod("silent", 100, schedulerName=STRANGER))
    bind(field, "silent", "shared-1", {})

    field.plane.wait(lambda: trespassed(field) == 1, 15, "the node is counted")
    cluster.create(*(share_pod(f"all-{index}", 1000) for index in range(4)))
    assert {cluster.node_of(f"all-{index}") for index in range(4)} == {"shared-0"}
    (event,) = field.plane.wait(lambda: events_about(field, "shared-1"), 20, "an event tells of it")
    assert "do not say of which devices" in event["note"]


def test_whole_devices_that_are_promised_twice_are_told_of_too(field: Battlefield) -> None:
    """kube-scheduler counts them and is no better off against who binds past it."""
    cluster = Cluster(field.plane)
    cluster.create(gpu_pod("eight", 8))
    node = cluster.node_of("eight")
    cluster.create(gpu_pod("ninth", 1, schedulerName=STRANGER))
    bind(field, "ninth", node, {})

    field.plane.wait(lambda: trespassed(field) == 1, 15, "the node is counted")
    (event,) = field.plane.wait(lambda: events_about(field, node), 20, "an event tells of it")
    assert event["note"].startswith("pods hold 9 nvidia.com/gpu of 8")


def test_a_device_that_somebody_takes_while_it_is_promised_is_not_given(field: Battlefield) -> None:
    """The Binding is refused or lost so long that the other one's comes first; ours then gets another device."""
    cluster = Cluster(field.plane)
    cluster.create(share_pod("stranger", 700, schedulerName=STRANGER))
    field.proxy.choose = lambda asked: Fault.BUSY if asked.is_binding else Fault.NONE
    cluster.create(share_pod("promised", 700))
    field.plane.wait(lambda: field.extender.metric("bindings_total", outcome="unresolved") > 0, 15, "it is in flight")
    bind(field, "stranger", "shared-0", {DEVICES: "0"})
    field.proxy.calm()

    assert cluster.node_of("promised", 30)
    audit = field.audit()
    assert [each for each in audit.troubles() if "device" not in each] == []

import json
from typing import Any

import msgspec
import pytest

from cluster.objects import MalformedObject, decode_namespace, decode_node, decode_pod
from placement.inventory import NodeInventory
from placement.pods import Container, EnvVar, Pod
from placement.selection import NOWHERE, Expression, NodeSelection, Operator, Term
from placement.taints import Taint, Toleration


def pod_of(spec: dict[str, Any], **parts: Any) -> Pod:
    """Return the pod of a spec and what else is given."""
    return decode_pod(json.dumps({"metadata": {"name": "a"}, **parts, "spec": spec}).encode())


def test_a_pod_is_read_whole() -> None:
    """Everything that decides about class and node arrives in the domain's words."""
    raw = b"""{
      "metadata": {"name": "chat-0", "namespace": "ai", "uid": "u1", "labels": {"app": "chat"},
                   "annotations": {"ome.io/accelerator-class": "h100"},
                   "ownerReferences": [{"uid": "x"}, {"uid": "rs1", "controller": true}]},
      "spec": {
        "priorityClassName": "high", "activeDeadlineSeconds": 60,
        "schedulerName": "berth-scheduler", "nodeName": "n1", "nodeSelector": {"disk": "ssd"},
        "overhead": {"cpu": "100m"}, "resources": {"requests": {"memory": "2Gi"}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9},
                        {"key": "team", "value": "ai"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
          {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]},
          {},
          {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}}},
        "initContainers": [{"name": "proxy", "restartPolicy": "Always"}, {"name": "fetch"}],
        "containers": [{"name": "vllm", "image": "vllm/vllm-openai", "command": ["vllm"], "args": ["serve"],
          "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "C", "valueFrom": {"fieldRef": {}}}],
          "resources": {"requests": {"cpu": "1"}, "limits": {"nvidia.com/gpu": "2"}, "claims": [{"name": "gpu"}]}}]},
      "status": {"phase": "Running", "conditions": [{"type": "PodScheduled", "status": "True"}]}}"""

    pod = decode_pod(raw)

    assert pod == Pod(
        "ai",
        "chat-0",
        "u1",
        labels={"app": "chat"},
        annotations={"ome.io/accelerator-class": "h100"},
        containers=(
            Container(
                "vllm",
                "vllm/vllm-openai",
                ("vllm",),
                ("serve",),
                (EnvVar("A", "1"), EnvVar("B", ""), EnvVar("C", None)),
                {"cpu": "1"},
                {"nvidia.com/gpu": "2"},
                claims_devices=True,
            ),
        ),
        init_containers=(Container("proxy", is_sidecar=True), Container("fetch")),
        selection=NodeSelection(
            {"disk": "ssd"},
            (
                Term((Expression("zone", Operator.IN, ("a", "b")),)),
                Term(fields=(Expression("metadata.name", Operator.IN, ("n1",)),)),
            ),
        ),
        tolerations=(
            Toleration("nvidia.com/gpu", "Exists", effect="NoExecute", seconds=9),
            Toleration("team", "Equal", "ai"),
        ),
        overhead={"cpu": "100m"},
        pod_level={"memory": "2Gi"},
        scheduler_name="berth-scheduler",
        owner="rs1",
        node="n1",
        priority_class="high",
        is_time_bound=True,
        is_running=True,
    )


def test_nulls_stand_for_nothing() -> None:
    """kube-scheduler writes empty lists and maps as null, and leaves out apiVersion and kind."""
    spec = dict.fromkeys(
        ["containers", "initContainers", "nodeSelector", "affinity", "tolerations", "overhead", "resources"]
    )
    metadata = {"name": "a", "labels": None, "annotations": None, "ownerReferences": None, "deletionTimestamp": None}

    assert pod_of({**spec, "schedulingGroup": None}, metadata=metadata, status=None) == Pod("", "a")


def test_nulls_inside_a_container_stand_for_nothing() -> None:
    """The same holds one level below."""
    container = dict.fromkeys(["command", "args", "env", "resources", "restartPolicy"])

    assert pod_of({"containers": [{"name": "c", **container}]}).containers == (Container("c"),)


def test_the_namespace_of_a_request_outweighs_the_pods_own() -> None:
    """At admission the object may not know its namespace yet."""
    raw = b'{"metadata": {"generateName": "chat-"}, "spec": {}}'

    assert decode_pod(msgspec.Raw(raw), "ai") == Pod("ai", "chat-")


def test_a_selection_that_can_meet_no_node_still_meets_none() -> None:
    """A required affinity of empty terms selects nothing; it is no absence of a wish."""
    terms: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}

    selection = pod_of({"affinity": {"nodeAffinity": terms}}).selection

    assert selection.terms == (NOWHERE,)
    assert not selection.admits({}, "n1")


PREFERRED = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}


@pytest.mark.parametrize(
    ("spec", "wishes"),
    [
        ({"affinity": {"nodeAffinity": PREFERRED}}, True),
        ({"affinity": {"podAffinity": PREFERRED}}, True),
        ({"affinity": {"podAntiAffinity": PREFERRED}}, True),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}]}, True),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]}, False),
        ({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}, False),
    ],
)
def test_soft_wishes_are_recognised(spec: dict[str, Any], *, wishes: bool) -> None:
    """Only what the scheduler scores, not what it filters, is a soft wish."""
    assert pod_of(spec).has_soft_wishes is wishes


@pytest.mark.parametrize(
    ("spec", "metadata", "is_member"),
    [
        ({"schedulingGroup": {"podGroupName": "g"}}, {}, True),
        ({}, {"labels": {"scheduling.x-k8s.io/pod-group": "g"}}, True),
        ({}, {"labels": {"pod-group.scheduling.sigs.k8s.io": "g"}}, True),
        ({}, {"annotations": {"scheduling.k8s.io/group-name": "g"}}, True),
        ({}, {"labels": {"app": "g"}}, False),
    ],
)
def test_members_of_a_gang_are_recognised(spec: dict[str, Any], metadata: dict[str, Any], *, is_member: bool) -> None:
    """By the field of the API or the keys of the known gang schedulers."""
    assert pod_of(spec, metadata={"name": "a", **metadata}).in_gang is is_member


def condition(status: str, reason: str) -> dict[str, Any]:
    """Return a status with a PodScheduled condition."""
    return {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": status, "reason": reason}]}


@pytest.mark.parametrize(
    ("status", "is_unschedulable"),
    [
        (condition("False", "Unschedulable"), True),
        (condition("False", "SchedulerError"), False),
        (condition("False", "SchedulingGated"), False),
        (condition("True", ""), False),
        (None, False),
    ],
)
def test_a_pod_for_which_no_node_was_found_is_recognised(
    status: dict[str, Any] | None, *, is_unschedulable: bool
) -> None:
    """Errors and gates of the scheduler are something else."""
    assert pod_of({}, status=status).is_unschedulable is is_unschedulable


@pytest.mark.parametrize(
    ("phase", "is_finished"), [("Pending", False), ("Running", False), ("Succeeded", True), ("Failed", True)]
)
def test_finished_pods_are_recognised(phase: str, *, is_finished: bool) -> None:
    """A terminating pod is not finished: it holds its devices until it is gone."""
    pod = pod_of({}, metadata={"name": "a", "deletionTimestamp": "2030-01-01T00:00:00Z"}, status={"phase": phase})

    assert (pod.is_finished, pod.is_terminating) == (is_finished, True)


def test_quantities_may_be_numbers() -> None:
    """A file that a person wrote has `cpu: 4`, where the API server writes "4"."""
    container = {"name": "c", "resources": {"requests": {"cpu": 4, "memory": 1.5}}}

    assert pod_of({"containers": [container]}).containers[0].requests == {"cpu": "4", "memory": "1.5"}


@pytest.mark.parametrize(
    ("raw", "field", "found"),
    [
        (b'{"metadata": {}, "spec": {"containers": [{"name": 5}]}}', "spec.containers[0].name", "Expected `str`"),
        (b'{"metadata": {}, "spec": {"containers": [{}]}}', "spec.containers[0]", "missing required field `name`"),
        (b'{"metadata": {"labels": {"a": {}}}, "spec": {}}', "metadata.labels[...]", "Expected `str`"),
        (
            b'{"metadata": {}, "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "many"}}}]}}',
            "spec.containers[0].resources.limits[cpu]",
            "'many' is no quantity",
        ),
        (
            b'{"metadata": {}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"a/b": -3}}}]}}',
            "spec.containers[0].resources.requests[a/b]",
            "'-3' is below zero",
        ),
        (
            b"""{"metadata": {}, "spec":
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Gte"}]}]}}}}}""",
            "nodeSelectorTerms[0].matchExpressions[0].operator",
            "Gte",
        ),
        (b"{}", "", "missing required field `metadata`"),
        (b"null", "", "Expected `object`"),
        (b'{"metadata": ', "", "truncated"),
        (b'{"metadata": {"name": "\xff"}, "spec": {}}', "", "utf-8"),
        (b'{"metadata": {}, "x": ' + b"[" * 100_000, "", "recursion"),
        (b'{"metadata": {}, "spec": ' + b'{"affinity": ' * 100_000, "", "recursion"),
        (b'{"metadata": {}, "spec": {"schedulingGroup": {"x": ' + b'{"x": ' * 100_000, "", "recursion"),
        (b'{"metadata": {"generation": ' + b"9" * 5000 + b"}}", "metadata.generation", "out of range"),
    ],
)
def test_a_pod_that_cannot_be_understood_is_refused_with_the_field(raw: bytes, field: str, found: str) -> None:
    """The error names the path of what is wrong and what was found there."""
    with pytest.raises(MalformedObject) as raised:
        decode_pod(raw)

    assert raised.value.field.endswith(field)
    assert found in raised.value.found


ABSURD = ["9" * 65, "9" * 1_000_000, "1e100", "1e-100", "1e999999999", "1e" + "9" * 5000]


@pytest.mark.parametrize(
    "amount", [*ABSURD, *(f'"{each}"' for each in ABSURD)], ids=lambda text: f"{text[:12]} of {len(text)}"
)
def test_an_absurd_amount_is_refused(amount: str) -> None:
    """Nobody can stop a program, or keep it busy, with a number."""
    resources = f'{{"limits": {{"cpu": {amount}}}}}'
    raw = f'{{"metadata": {{}}, "spec": {{"containers": [{{"name": "c", "resources": {resources}}}]}}}}'

    with pytest.raises(MalformedObject) as raised:
        decode_pod(raw.encode())

    assert raised.value.field.startswith("spec.containers[0].resources.limits")
    assert len(raised.value.found) < 200


def test_a_node_is_read_whole() -> None:
    """Amounts are integers: cpu in milli, memory in bytes, devices in units."""
    raw = b"""{
      "metadata": {"name": "n1", "labels": {"zone": "a"}},
      "spec": {"unschedulable": true, "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
      "status": {"capacity": {"cpu": "96"}, "allocatable": {"cpu": "95500m", "memory": "1Gi", "nvidia.com/gpu": "8"},
      "conditions": [{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": "Unknown"}]}}"""

    assert decode_node(raw) == NodeInventory(
        "n1",
        labels={"zone": "a"},
        taints=(Taint("k", "v", "NoSchedule"),),
        allocatable={"cpu": 95_500, "memory": 2**30, "nvidia.com/gpu": 8},
        is_schedulable=False,
        is_ready=False,
    )


def test_a_node_that_says_little_is_an_empty_one() -> None:
    """A node that was just created by hand has no status."""
    assert decode_node(b'{"metadata": {"name": "n1"}, "spec": {"taints": null}, "status": {}}') == NodeInventory("n1")


def test_a_namespace_is_its_labels() -> None:
    """The opt-in stands there."""
    raw = b'{"metadata": {"name": "ai", "labels": {"berth.ome.io/injection": "enforce"}}}'

    assert decode_namespace(raw).labels == {"berth.ome.io/injection": "enforce"}

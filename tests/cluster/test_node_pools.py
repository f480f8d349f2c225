"""What autoscalers tell, as the API has it and as files have it."""

import json
from typing import Any

import pytest

from cluster import files
from cluster.kinds import AUTOSCALER_STATUS, Kind
from cluster.view import ClusterView
from placement.scaling.node_groups import NodeGroup
from placement.scaling.supply import NO_SUPPLY
from placement.selection import Expression, Operator
from placement.taints import Taint

Json = dict[str, Any]

STATUS = """\
time: 2026-11-26 08:00:00.0 +0000 UTC
autoscalerStatus: Running
clusterWide: {health: {status: Healthy}}
nodeGroups:
- name: eks-h100-9cc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11
  health: {status: Healthy, cloudProviderTarget: 0, minSize: 0, maxSize: 4}
  scaleUp: {status: NoActivity}
- name: eks-cpu-1dc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11
  health: {status: Healthy, cloudProviderTarget: 3, minSize: 3, maxSize: 3}
"""


def _pool(name: str = "gpu", **spec: object) -> Json:
    node_class = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}
    requirements = [
        {"key": "karpenter.k8s.aws/instance-gpu-memory", "operator": "Gte", "values": ["80000"], "minValues": 2},
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
    ]
    template = {
        "metadata": {"labels": {"example.com/accelerator": "h100"}},
        "spec": {
            "nodeClassRef": node_class,
            "requirements": requirements,
            "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
        },
    }
    whole = {"template": template, "limits": {"nvidia.com/gpu": "0", "cpu": 1000}, "weight": 10, **spec}
    return {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": name}, "spec": whole}


def _config_map(status: str) -> Json:
    metadata = {"name": AUTOSCALER_STATUS, "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"status": status}}


def _view(*objects: Json) -> ClusterView:
    view = ClusterView(None)
    for each in objects:
        kind = files.kind_of(each)
        assert kind is not None
        files.take(view, kind, each, "default")
    return view


def test_a_node_pool_is_read() -> None:
    """What limits nothing of a node is left out, an inclusive bound is the next exclusive one."""
    (pool,) = _view(_pool()).supply.pools

    assert (pool.name, pool.provider, pool.weight) == ("gpu", "karpenter.k8s.aws", 10)
    assert pool.closed == {"nvidia.com/gpu"}
    assert pool.requirements[0] == Expression("karpenter.k8s.aws/instance-gpu-memory", Operator.GT, ("79999",))
    assert pool.labels == {"example.com/accelerator": "h100"}
    assert pool.taints == (Taint("nvidia.com/gpu"),)
    assert {"karpenter.sh/nodepool", "karpenter.k8s.aws/ec2nodeclass"} <= pool.values.keys()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"metadata": {"name": "p", "deletionTimestamp": "2026-11-26T08:00:00Z"}}, "is being deleted"),
        ({"spec": _pool(replicas=2)["spec"]}, "has a fixed number of nodes (replicas)"),
        (
            {"status": {"conditions": [{"type": "Ready", "status": "False", "message": "NodeClassReady=False"}]}},
            "is not ready: NodeClassReady=False",
        ),
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, ""),
    ],
)
def test_a_pool_that_karpenter_passes_over_says_why(more: Json, said: str) -> None:
    """It makes no nodes for pods that wait."""
    (pool,) = _view({**_pool(), **more}).supply.pools

    assert pool.hindrance == said


@pytest.mark.parametrize(
    "spec",
    [
        {"template": None},
        {"template": {"spec": {"requirements": [{"key": "k", "operator": "Near", "values": ["x"]}]}}},
        {"template": {"spec": {"requirements": [{"key": "k", "operator": "Gte", "values": ["many"]}]}}},
        {"template": {"spec": {"requirements": "none"}}},
        {"template": {"metadata": {"labels": {"k": ["v"]}}}},
        {"limits": {"cpu": "plenty"}},
    ],
    ids=str,
)
def test_a_damaged_pool_is_a_problem_and_no_promise(spec: Json) -> None:
    """Half of what it says would promise too much; the others stand."""
    view = _view(_pool(), _pool("damaged", **spec))

    assert [pool.name for pool in view.supply.pools] == ["gpu"]
    assert list(view.supply_problems) == ["NodePool damaged"]
    assert all(view.supply_problems["NodePool damaged"])


def test_node_groups_are_read_from_cluster_autoscalers_status() -> None:
    """With the most that each may have."""
    supply = _view(_config_map(STATUS)).supply

    assert supply.has_cluster_autoscaler
    assert [(each.name[:7], each.most) for each in supply.groups] == [("eks-h10", 4), ("eks-cpu", 3)]


@pytest.mark.parametrize(
    "status", ["", "Cluster-autoscaler status at 2023: \nNodeGroups:\n  Name: x", "[" * 5000, "a: &a [*a"]
)
def test_a_status_that_names_no_groups_still_shows_the_autoscaler(status: str) -> None:
    """Older releases write prose; damaged text is a problem, not an end."""
    supply = _view(_config_map(status)).supply

    assert supply.has_cluster_autoscaler
    assert supply.groups == ()


def test_other_config_maps_are_nothing_that_is_read() -> None:
    """Only the status is."""
    other = _config_map(STATUS)
    other["metadata"]["name"] = "kube-root-ca.crt"

    assert files.kind_of(other) is None


def test_the_same_again_is_the_same_value() -> None:
    """The status is written every few seconds, and whoever remembers goes by identity."""
    view = _view(_pool(), _config_map(STATUS))
    before = view.supply
    view.take(Kind.AUTOSCALER_STATUS, json.dumps(_config_map(STATUS.replace("08:00", "08:01"))).encode())
    view.take(Kind.NODE_POOLS, json.dumps({**_pool(), "status": {"resources": {"cpu": "4"}}}).encode())

    assert view.supply is before
    assert before is not NO_SUPPLY
    assert before.groups[0] == NodeGroup("eks-h100-9cc8a5d1-6b2f-7c11-ab52-1c3c0f0e6f11", 4)

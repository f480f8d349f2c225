"""Kueue's objects as the domain sees them, and what is wrong with those that it does not."""

import json
from typing import Any

import pytest

from cluster.custom_objects import InvalidObject
from cluster.kinds import Kind
from cluster.kueue_shapes import cluster_queue, flavor, local_queue
from cluster.view import ClusterView
from placement.queueing.flavors import Flavor
from placement.queueing.queues import ClusterQueue, LocalQueue, ResourceGroup
from placement.taints import Taint, Toleration

Json = dict[str, Any]


def written(name: str, spec: Json | None, version: str = "v1beta2", **metadata: str) -> bytes:
    """Return an object of Kueue as the API server sends it."""
    content = {"apiVersion": f"kueue.x-k8s.io/{version}", "metadata": {"name": name, **metadata}}
    return json.dumps(content if spec is None else {**content, "spec": spec}).encode()


SPOT = {
    "nodeLabels": {"nvidia.com/gpu.product": "NVIDIA-L4"},
    "nodeTaints": [{"key": "spot", "value": "true", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}],
    "tolerations": [{"key": "spot", "operator": "Exists"}, {"operator": "Exists", "effect": "NoExecute"}],
    "topologyName": "racks",
    "somethingNew": {"nested": [1]},
}


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_both_versions_say_the_same(version: str) -> None:
    """And what nobody has heard of is passed over."""
    assert flavor(written("spot-l4", SPOT, version)) == Flavor(
        "spot-l4",
        {"nvidia.com/gpu.product": "NVIDIA-L4"},
        (Taint("spot", "true", "NoSchedule"),),
        (Toleration("spot", "Exists"), Toleration("", "Exists", effect="NoExecute")),
        "racks",
    )


@pytest.mark.parametrize("spec", [None, {}, {"nodeLabels": None, "nodeTaints": None, "tolerations": None}])
def test_a_flavor_may_say_nothing(spec: Json | None) -> None:
    """Kueue's own examples begin with such a default flavor."""
    assert flavor(written("default-flavor", spec)) == Flavor("default-flavor")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"nodeLabels": {"gpu": "has space"}}, "spec.nodeLabels.gpu: 'has space' is no value of a label"),
        ({"nodeLabels": {"a/b/c": "x"}}, "'a/b/c' is no key of a label"),
        ({"nodeLabels": {str(each): "x" for each in range(9)}}, "spec.nodeLabels: "),
        ({"nodeLabels": ["gpu"]}, "spec.nodeLabels: "),
        ({"nodeTaints": [{"key": "spot"}]}, "spec.nodeTaints[0].effect: is missing"),
        ({"nodeTaints": [{"key": "spot", "effect": "Never"}]}, "spec.nodeTaints[0].effect: "),
        ({"tolerations": [{"operator": "Maybe"}]}, "spec.tolerations[0].operator: "),
    ],
)
def test_what_is_wrong_with_a_flavor_is_said_in_sentences(spec: Json, problem: str) -> None:
    """Each names its field."""
    with pytest.raises(InvalidObject) as caught:
        flavor(written("f", spec))

    assert caught.value.name == "f"
    assert any(problem in each for each in caught.value.problems)


def test_a_cluster_queue_is_known_by_its_flavors() -> None:
    """Quotas, cohorts and policies are Kueue's."""
    quotas = [{"name": "cpu", "nominalQuota": 9}, {"name": "nvidia.com/gpu", "nominalQuota": "4"}]
    group = {"coveredResources": ["cpu", "nvidia.com/gpu"], "flavors": [{"name": "l4", "resources": quotas}]}
    spec = {"cohort": "all", "cohortName": "all", "namespaceSelector": {}, "resourceGroups": [group]}

    assert cluster_queue(written("q", spec)) == ClusterQueue(
        "q", (ResourceGroup(frozenset({"cpu", "nvidia.com/gpu"}), ("l4",)),)
    )


def test_a_local_queue_leads_to_a_cluster_queue() -> None:
    """It may lead nowhere yet."""
    assert local_queue(written("team", {"clusterQueue": "q"}, namespace="ml")) == LocalQueue("ml", "team", "q")
    assert local_queue(written("team", None, namespace="ml")) == LocalQueue("ml", "team", "")


def test_the_view_keeps_what_is_known_and_what_is_wrong() -> None:
    """The same value until something changes: who remembers what was found out by it compares it by identity."""
    view = ClusterView(None)
    view.take(Kind.FLAVORS, written("l4", {"nodeLabels": {"gpu": "l4"}}))
    view.take(Kind.FLAVORS, written("bad", {"nodeLabels": {"gpu": "?"}}))
    view.take(Kind.CLUSTER_QUEUES, written("q", {}))
    view.take(Kind.LOCAL_QUEUES, written("team", {"clusterQueue": "q"}, namespace="ml"))
    before = view.queueing
    view.take(Kind.CLUSTER_QUEUES, written("q", {}, resourceVersion="2"))

    assert view.queueing is before
    assert before.flavors == {"l4": Flavor("l4", {"gpu": "l4"})}
    assert before.local_queues == {("ml", "team"): LocalQueue("ml", "team", "q")}
    assert list(view.queueing_problems) == ["ResourceFlavor bad"]

    view.take(Kind.FLAVORS, written("bad", {"nodeLabels": {"gpu": "t4"}}))

    assert view.queueing.flavors["bad"].labels == {"gpu": "t4"}
    assert not view.queueing_problems
